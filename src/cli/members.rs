//! `members`: who is in the cluster (agent reference, 4.3).

use std::net::{IpAddr, SocketAddr};

use regex_lite::Regex;

use super::connect::AgentOptions;
use super::live::{Look, watch};
use super::screen::Part;
use super::table::columns;
use super::{Failure, World};
use crate::http::{Client, MemberJson};

/// The words for the codes of a status, in order (agent reference, 6.3).
const STATUSES: [&str; 5] = ["none", "alive", "leaving", "left", "failed"];

/// What a narrow terminal does without, the least telling first: the first is the same for all, the
/// second follows from the type, and the others are mostly the same.
const SPARE: [&str; 5] = ["Partition", "Segment", "Protocol", "DC", "Build"];

/// Lists the members that the agent knows
///
/// Ends with code 2 and prints nothing if no member matches.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  quorate members -status='alive|failed' -watch")]
pub(super) struct Members {
    /// Show all that each member says of itself
    #[arg(long)]
    detailed: bool,

    /// Show members whose status matches: none, alive, leaving, left or failed
    #[arg(long, value_name = "REGEXP", default_value = ".*")]
    status: String,

    /// Show members that an expression takes, such as 'Tags.role == node and Name matches "^web"'
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,

    /// Go on showing until interrupted; a line per change where the output is no terminal
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    agent: AgentOptions,
}

impl Members {
    /// Asks the agent and prints a table; false if no member matches.
    pub(super) async fn run(self, world: &mut World) -> Result<bool, Failure> {
        let status = Regex::new(&self.status)
            .map_err(|error| Failure::new(format!("Failed to compile status regexp: {error}")))?;
        let client = self.agent.client(&world.env)?;
        if self.watch {
            let look = async || self.look(&client, &status).await;
            return watch(world, look).await.map(|()| true);
        }
        let members = self.ask(&client, &status).await?;
        if members.is_empty() {
            return Ok(false);
        }
        for line in columns(&self.rows(&members)) {
            world.out.line(line);
        }
        Ok(true)
    }

    /// The members that are asked for, in their order.
    async fn ask(&self, client: &Client, status: &Regex) -> Result<Vec<MemberJson>, Failure> {
        let mut params = vec![("segment", "_all")];
        params.extend(self.filter.as_deref().map(|filter| ("filter", filter)));
        let asked = client.get("/v1/agent/members", "", &params).await;
        let members: Result<Vec<MemberJson>, _> = asked.and_then(|got| got.json());
        let mut members =
            members.map_err(|error| Failure::new(format!("Error retrieving members: {error}")))?;
        members.retain(|member| status.is_match(status_word(member)));
        members.iter_mut().for_each(complete);
        members.sort_by_cached_key(order);
        Ok(members)
    }

    fn rows(&self, members: &[MemberJson]) -> Vec<Vec<String>> {
        if self.detailed {
            detailed(members)
        } else {
            overview(members)
        }
    }

    /// A look for those who watch: by name and id, as two members may have one name in turn.
    async fn look(&self, client: &Client, status: &Regex) -> Result<Look, Failure> {
        let members = self.ask(client, status).await?;
        let rows = self.rows(&members);
        let about = members
            .iter()
            .map(|member| format!("{}  {}", member.name, tag(member, "id")));
        let lines = rows.iter().skip(1).map(|row| row.join("  "));
        let lines = about.zip(lines).collect();
        let parts = vec![self.part(rows)];
        Ok(Look { parts, lines })
    }

    /// The rows as a terminal shows them. Who asks for all that a member says gets it, however narrow
    /// the terminal is.
    fn part(&self, rows: Vec<Vec<String>>) -> Part {
        if !self.detailed {
            return Part::Columns {
                rows,
                spare: &SPARE,
            };
        }
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        Part::Text {
            indent: (0..3).map(|column| widest(column) + 2).sum(),
            lines: columns(&rows),
        }
    }
}

/// By segment, then by name. Servers come first: nothing that is a name sorts before `<all>`.
fn order(member: &MemberJson) -> (String, String) {
    (tag(member, "segment").to_owned(), member.name.clone())
}

/// Adds what Consul's command adds to the tags: the partition, and words for the segment.
fn complete(member: &mut MemberJson) {
    let segment = match (is_server(member), tag(member, "segment")) {
        (true, _) => "<all>",
        (false, "") => "<default>",
        (false, _) => return,
    };
    member.tags.insert("segment".to_owned(), segment.to_owned());
    member.tags.insert("ap".to_owned(), "default".to_owned());
}

fn overview(members: &[MemberJson]) -> Vec<Vec<String>> {
    let head = [
        "Node",
        "Address",
        "Status",
        "Type",
        "Build",
        "Protocol",
        "DC",
        "Partition",
        "Segment",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(members.iter().map(|member| {
        let mut row = start(member);
        row.extend(match tag(member, "role") {
            "consul" => role("server", member),
            "node" => role("client", member),
            _ => ["unknown", "", "", "", "", ""].map(str::to_owned),
        });
        row
    }));
    rows
}

fn role(kind: &str, member: &MemberJson) -> [String; 6] {
    let build = match tag(member, "build") {
        "" => "< 0.3",
        build => build.split(':').next().unwrap_or_default(),
    };
    let tag = |name| tag(member, name);
    [
        kind,
        build,
        tag("vsn"),
        tag("dc"),
        tag("ap"),
        tag("segment"),
    ]
    .map(str::to_owned)
}

fn detailed(members: &[MemberJson]) -> Vec<Vec<String>> {
    let head = ["Node", "Address", "Status", "Tags"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(members.iter().map(|member| {
        let tags = member
            .tags
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let mut row = start(member);
        row.push(tags.collect::<Vec<_>>().join(","));
        row
    }));
    rows
}

fn start(member: &MemberJson) -> Vec<String> {
    let ip: Result<IpAddr, _> = member.addr.parse();
    let address = ip.map_or_else(
        |_not_an_ip| format!("{}:{}", member.addr, member.port),
        |ip| SocketAddr::new(ip, member.port).to_string(),
    );
    vec![member.name.clone(), address, status_word(member).to_owned()]
}

fn status_word(member: &MemberJson) -> &'static str {
    let word = STATUSES.get(usize::from(member.status));
    word.copied().unwrap_or("none")
}

fn is_server(member: &MemberJson) -> bool {
    tag(member, "role") == "consul"
}

fn tag<'a>(member: &'a MemberJson, name: &str) -> &'a str {
    member.tags.get(name).map_or("", String::as_str)
}
