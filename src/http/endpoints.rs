//! The table of endpoints: path, methods, what is refused, and who answers.

use axum::http::Method;
use futures_util::future::BoxFuture;

use super::ask::Ask;
use super::endpoint::Behind;
use super::reply::{Refusal, Reply};
use super::v1::{agent, autopilot, catalog, kv, operator, status};

/// What an endpoint does with a request that passed the table.
type Handler = fn(Behind, Ask) -> BoxFuture<'static, Result<Reply, Refusal>>;

/// One row of the table.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// The path; one that ends in a slash serves all that is below.
    pub(super) path: &'static str,
    /// The methods it takes, in the order that `Allow` gives.
    pub(super) methods: &'static [Method],
    /// Says whether `dc` picks the datacenter that answers; the agent's own endpoints ignore it.
    pub(super) is_routed: bool,
    /// The parameters it refuses.
    pub(super) refuses: &'static [Unsupported],
    /// What it does.
    pub(super) handler: Handler,
}

/// A parameter that Consul knows at an endpoint and this agent does not.
#[derive(Debug)]
pub(super) struct Unsupported {
    pub(super) name: &'static str,
    /// Values with which it asks for nothing, so that it may pass.
    pub(super) harmless: &'static [&'static str],
    pub(super) why: &'static str,
}

const GET: &[Method] = &[Method::GET];
const PUT: &[Method] = &[Method::PUT];

const NO_SESSIONS: &str = "there are no sessions and locks";
const NO_WAN: &str = "there is no WAN pool";

const fn without(
    name: &'static str,
    harmless: &'static [&'static str],
    why: &'static str,
) -> Unsupported {
    Unsupported {
        name,
        harmless,
        why,
    }
}

const WAN: Unsupported = without("wan", &[""], NO_WAN);
const FILTER: Unsupported = without("filter", &[""], "there are no filter expressions");
const MAX_STALE: Unsupported = without("max_stale", &[""], "there are no bounded stale reads");
const CACHED: Unsupported = without("cached", &[], "there is no agent cache");

/// Every endpoint.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    row("/v1/status/leader", GET, true, &[], status::leader),
    row("/v1/status/peers", GET, true, &[], status::peers),
    row("/v1/status/live", GET, false, &[], status::live),
    row("/v1/status/ready", GET, false, &[], status::ready),
    row("/v1/status/formed", GET, false, &[], status::formed),
    row("/v1/agent/self", GET, false, &[], agent::own),
    row("/v1/agent/version", GET, false, &[], agent::version),
    row("/v1/agent/why", GET, false, &[], agent::why),
    row("/v1/agent/reload", PUT, false, &[], agent::reload),
    row("/v1/agent/metrics", GET, false, &[], agent::metrics),
    row(
        "/v1/agent/members",
        GET,
        false,
        &[
            WAN,
            // `_all` is what the command `members` of Consul sends.
            without("segment", &["", "_all"], "there are no network segments"),
        ],
        agent::members,
    ),
    row("/v1/agent/join/", PUT, false, &[WAN], agent::join),
    row("/v1/agent/leave", PUT, false, &[], agent::leave),
    row(
        "/v1/agent/force-leave/",
        PUT,
        false,
        &[without("wan", &[], NO_WAN)],
        agent::force_leave,
    ),
    row(
        "/v1/catalog/datacenters",
        GET,
        false,
        &[CACHED],
        catalog::datacenters,
    ),
    row(
        "/v1/catalog/nodes",
        GET,
        true,
        &[
            FILTER,
            MAX_STALE,
            without("near", &[""], "there are no network coordinates"),
            without("node-meta", &[], "nodes are not selected by metadata"),
        ],
        catalog::nodes,
    ),
    row(
        "/v1/kv/",
        &[Method::GET, Method::PUT, Method::DELETE],
        true,
        &[
            MAX_STALE,
            without("acquire", &[], NO_SESSIONS),
            without("release", &[], NO_SESSIONS),
        ],
        kv::serve,
    ),
    row(
        "/v1/operator/raft/configuration",
        GET,
        true,
        &[],
        operator::raft_configuration,
    ),
    row(
        "/v1/operator/raft/peer",
        &[Method::DELETE],
        true,
        &[],
        operator::remove_peer,
    ),
    row(
        "/v1/operator/raft/transfer-leader",
        &[Method::POST],
        true,
        &[],
        operator::transfer_leader,
    ),
    row(
        "/v1/operator/autopilot/configuration",
        &[Method::GET, Method::PUT],
        true,
        &[MAX_STALE],
        autopilot::configuration,
    ),
    row(
        "/v1/operator/autopilot/health",
        GET,
        true,
        &[],
        autopilot::health,
    ),
    row(
        "/v1/operator/autopilot/state",
        GET,
        true,
        &[],
        autopilot::state,
    ),
    row(
        "/v1/operator/bootstrap/abandon",
        PUT,
        false,
        &[],
        operator::abandon_founding,
    ),
];

const fn row(
    path: &'static str,
    methods: &'static [Method],
    is_routed: bool,
    refuses: &'static [Unsupported],
    handler: Handler,
) -> Endpoint {
    Endpoint {
        path,
        methods,
        is_routed,
        refuses,
        handler,
    }
}
