//! Go's flags as clap's, and what is refused.

use super::*;

fn program() -> Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let maybe = Arg::new("server")
        .long("server")
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true");
    let put = Command::new("put")
        .arg(switch("base64"))
        .arg(Arg::new("flags").long("flags").alias("bits"))
        .arg(Arg::new("words").num_args(0..));
    Command::new("quorate")
        .version("1")
        .arg(Arg::new("token").long("token").global(true))
        .subcommand(
            Command::new("agent")
                .arg(maybe)
                .arg(Arg::new("node").long("node"))
                .arg(Arg::new("join").long("join").action(ArgAction::Append)),
        )
        .subcommand(Command::new("kv").subcommand(put))
        .subcommand(Command::new("bare").arg(Arg::new("k").short('k')))
}

fn turned(line: &str) -> Result<String, FlagError> {
    let words = format!("quorate {line}");
    let words = words.split_whitespace().map(OsString::from);
    let taken = from_go_style(&program(), words)?;
    let taken: Vec<_> = taken.iter().skip(1).map(|w| w.to_string_lossy()).collect();
    Ok(taken.join(" "))
}

#[test]
fn each_form_of_go_becomes_one_form_of_clap() {
    let rows = [
        ("", ""),
        ("agent", "agent"),
        ("agent -node a", "agent --node=a"),
        ("agent --node a", "agent --node=a"),
        ("agent -node=a=b", "agent --node=a=b"),
        ("agent -node=", "agent --node="),
        ("agent -node -x", "agent --node=-x"),
        ("agent -server -node a", "agent --server --node=a"),
        ("agent -server=false", "agent --server=false"),
        ("agent -server false", "agent --server -- false"),
        ("agent -join a -join b", "agent --join=a --join=b"),
        ("agent -- -node", "agent -- -node"),
        ("agent x -node y", "agent -- x -node y"),
        ("kv put -base64 k -1", "kv put --base64 -- k -1"),
        ("kv put -base64=false k", "kv put -- k"),
        ("kv put -bits 3 - -flags", "kv put --flags=3 -- - -flags"),
        ("kv put -token t k v", "kv put --token=t -- k v"),
        ("-token t kv put", "--token=t kv put"),
        ("bare -k v", "bare -k=v"),
        ("kv nothing -x", "kv nothing -x"),
        ("agent -help", "agent --help"),
        ("-h", "--help"),
        ("-v", "--version"),
        ("--version", "--version"),
    ];
    for (line, wanted) in rows {
        assert_eq!(turned(line).as_deref(), Ok(wanted), "{line}");
    }
}

#[test]
fn what_go_refuses_is_refused_in_its_words() {
    let rows = [
        (
            "agent -nod a",
            "flag provided but not defined: -nod; did you mean -node?",
        ),
        ("agent -zzzzzz", "flag provided but not defined: -zzzzzz"),
        ("agent -version", "flag provided but not defined: -version"),
        ("agent -node", "flag needs an argument: -node"),
        ("agent ---node a", "bad flag syntax: ---node"),
        ("agent -=a", "bad flag syntax: -=a"),
        (
            "kv put -base64=maybe",
            "invalid boolean value \"maybe\" for -base64; take true or false",
        ),
    ];
    for (line, wanted) in rows {
        let error = turned(line).expect_err(line);
        assert_eq!(error.to_string(), wanted, "{line}");
    }
}

#[test]
fn clap_takes_what_was_turned() {
    let words = [
        "quorate",
        "agent",
        "-server=false",
        "-node",
        "-x",
        "-join=a",
    ];
    let taken = from_go_style(&program(), words.map(OsString::from)).unwrap();
    let matches = program().try_get_matches_from(taken).unwrap();
    let (_, agent) = matches.subcommand().unwrap();
    let text = |id| agent.get_one::<String>(id).map(String::as_str);
    assert_eq!(
        [text("server"), text("node"), text("join")],
        [Some("false"), Some("-x"), Some("a")]
    );
}

#[cfg(unix)]
#[test]
fn a_flag_that_is_not_utf_8_is_refused_and_a_value_is_kept() {
    use std::os::unix::ffi::OsStringExt as _;
    let odd = || OsString::from_vec(vec![b'x', 0xff]);
    let words = |last| {
        ["quorate", "agent", "-node"]
            .map(OsString::from)
            .into_iter()
            .chain([last])
    };
    let taken = from_go_style(&program(), words(odd())).unwrap();
    let mut wanted = OsString::from("--node=");
    wanted.push(odd());
    assert_eq!(taken.last(), Some(&wanted));
    let flag = OsString::from_vec(vec![b'-', 0xff]);
    let words = ["quorate", "agent"].map(OsString::from).into_iter();
    let refused = from_go_style(&program(), words.chain([flag]));
    assert!(matches!(refused, Err(FlagError::Encoding { .. })));
}
