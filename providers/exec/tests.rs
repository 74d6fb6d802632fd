//! What programs print, and how they end; go-netaddrs' defects (section E of what others do).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::argv::split;
use super::printed;
use crate::tape::shown;
use crate::{
    Answer, BoxFuture, Command, Environment, Exec, ExecError, FakeDns, FakeExec, Io, Kind, Output,
    Query, ResolveError, SystemExec, resolve,
};

async fn ask(exec: impl Exec + 'static, keys: &str) -> Result<Answer, ResolveError> {
    let variables = [
        ("HOME", "/home/x"),
        ("CONSUL_HTTP_TOKEN", "hush"),
        ("REGION", "eu"),
    ];
    let query = Query::parse(&format!("provider=exec {keys}")).unwrap();
    let io = Io::new(Environment::fixed(variables), FakeDns::default()).with_exec(exec);
    resolve(&query, &io).await
}

fn output(code: i32, stdout: &str, stderr: &str) -> Output {
    let code = Some(code);
    let [stdout, stderr] = [stdout, stderr].map(|text| text.as_bytes().to_vec());
    Output {
        code,
        stdout,
        stderr,
    }
}

async fn printing(stdout: &str) -> Result<Answer, ResolveError> {
    let exec = FakeExec::default().with(&["/bin/peers"], output(0, stdout, ""));
    ask(exec, "command=/bin/peers").await
}

#[tokio::test]
async fn addresses_are_read_in_every_form() {
    let rows: [(&str, &[&str]); 9] = [
        (
            "10.0.0.2 10.0.0.1\n\tfd00::1\r\n",
            &["10.0.0.1", "10.0.0.2", "fd00::1"],
        ),
        ("\"10.0.0.1\" \"10.0.0.2\"", &["10.0.0.1", "10.0.0.2"]),
        (
            "10.0.0.1:8301 [fd00::1]:8301 a.example:8301",
            &["10.0.0.1:8301", "[fd00::1]:8301", "a.example:8301"],
        ),
        (
            "[fd00::1]:8301 [fd00::2]:8301",
            &["[fd00::1]:8301", "[fd00::2]:8301"],
        ),
        ("[fd00::1]:8301", &["[fd00::1]:8301"]),
        (
            "[\"10.0.0.1\", {\"address\":\"a.example\",\"port\":7}]",
            &["10.0.0.1", "a.example:7"],
        ),
        (
            "{\"address\":\"10.0.0.1\",\"port\":7}\n\n{\"address\":\"10.0.0.2\"}\n",
            &["10.0.0.1:7", "10.0.0.2"],
        ),
        (
            "{\"targets\":[\"10.0.0.1:9\"],\"labels\":{\"dc\":\"eu\"}}",
            &["10.0.0.1:9"],
        ),
        ("[]", &[]),
    ];
    for (stdout, wanted) in rows {
        let answer = printing(stdout).await.unwrap();
        assert_eq!(shown(&answer), wanted, "{stdout}");
        assert!(answer.is_complete(), "{stdout}");
    }
}

#[tokio::test]
async fn no_hostile_output_becomes_an_empty_list() {
    for stdout in [
        "",
        " \n",
        "no instances found",
        "10.0.0.1 error",
        "localhost",
        "10.0.0.1:0",
        "fe80::1%eth0",
        "{\"address\":\"10.0.0.1\"",
        "{\"hello\":\"world\"}",
        "{}",
        "null",
        "[",
        "[null]",
        "[7]",
        "[\"10.0.0.1\"",
        "[\"10.0.0.1\"] []",
        "<html>Log in</html>",
        "[{\"address\":\"a\",\"port\":0}]",
    ] {
        let error = printing(stdout).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{stdout}");
    }
    assert!(printed::instances(b"10.0.0.1 \xff", "x").is_err());
}

#[tokio::test]
async fn an_address_with_a_zone_is_refused_and_its_zone_not_dropped_unlike_in_nomad() {
    let error = printing("10.0.0.1 fe80::1%eth0").await.unwrap_err();
    assert!(error.to_string().contains("`fe80::1%eth0`"), "{error}");
}

#[tokio::test]
async fn a_program_that_fails_is_an_error_with_its_code_and_last_words() {
    let exec = FakeExec::default()
        .with(
            &["/bin/peers"],
            output(7, "10.0.0.1", "trying\nno credentials\n\n"),
        )
        .with(
            &["/bin/signal"],
            Output {
                code: None,
                ..output(0, "10.0.0.1", "")
            },
        );
    let error = ask(exec.clone(), "command=/bin/peers").await.unwrap_err();
    let wanted = "exec: run the program: unavailable (program: /bin/peers, end: exit code 7, message: no credentials)";
    assert_eq!(error.to_string(), wanted);
    let error = ask(exec.clone(), "command=/bin/signal partial_code=3")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ended by a signal"), "{error}");
    let error = ask(exec, "command=/bin/absent").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[tokio::test]
async fn one_code_may_mean_that_some_addresses_are_missing() {
    let exec = FakeExec::default()
        .with(&["/bin/peers"], output(3, "10.0.0.1", "zone b is denied"))
        .with(&["/bin/none"], output(3, "", "all is denied"));
    let answer = ask(exec.clone(), "command=/bin/peers partial_code=3")
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1"]);
    assert!(
        answer.gaps[0]
            .error
            .to_string()
            .contains("zone b is denied")
    );
    assert!(
        ask(exec.clone(), "command=/bin/peers partial_code=4")
            .await
            .is_err()
    );
    let error = ask(exec, "command=/bin/none partial_code=3")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("all is denied"), "{error}");
}

/// Notes what it is to run.
#[derive(Debug, Default, Clone)]
struct Notes(Arc<Mutex<Vec<Command>>>);

impl Exec for Notes {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, ExecError>> {
        self.0.lock().unwrap().push(command);
        Box::pin(std::future::ready(Ok(output(0, "10.0.0.1", ""))))
    }
}

#[tokio::test]
async fn a_program_gets_few_variables_and_less_time_than_the_lookup() {
    let notes = Notes::default();
    ask(notes.clone(), "command=\"/bin/peers --role 'a b'\"")
        .await
        .unwrap();
    ask(
        notes.clone(),
        "command=/bin/peers environment=\"REGION, ABSENT\" timeout=5",
    )
    .await
    .unwrap();
    let commands = notes.0.lock().unwrap();
    assert_eq!(commands[0].argv, ["/bin/peers", "--role", "a b"]);
    let environment = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(pair).collect()
    };
    let few = [("HOME", "/home/x"), ("PATH", super::PATH)];
    assert_eq!(commands[0].environment, environment(&few));
    assert_eq!(
        commands[1].environment,
        environment(&[few[0], few[1], ("REGION", "eu")])
    );
    let times = [27, 5].map(Duration::from_secs);
    assert_eq!(
        commands.iter().map(|one| one.deadline).collect::<Vec<_>>(),
        times
    );
}

#[tokio::test]
async fn a_real_program_is_read_bounded_and_killed_with_its_children() {
    let script = |script: &str| format!("command=\"/bin/sh -c '{script}'\"");
    let answer = ask(SystemExec, &script("echo 10.0.0.1:$((8000+301))"))
        .await
        .unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1:8301"]);
    let secret = ask(SystemExec, &script("echo ${CONSUL_HTTP_TOKEN:-10.0.0.2}"))
        .await
        .unwrap();
    assert_eq!(shown(&secret), ["10.0.0.2"]);
    let late = format!(
        "{} timeout=1",
        script("sleep 300 & echo 10.0.0.1; sleep 300")
    );
    let error = ask(SystemExec, &late).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
}

#[tokio::test]
async fn standard_error_is_bounded_unlike_in_go_netaddrs() {
    let script = "command=\"/bin/sh -c 'cat /dev/zero >&2'\"";
    let error = ask(SystemExec, script).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Answer);
    let exec = FakeExec::default().with(&["/bin/peers"], output(1, "", &"x".repeat(100_000)));
    let error = ask(exec, "command=/bin/peers").await.unwrap_err();
    assert!(error.to_string().len() < 500);
}

#[test]
fn a_command_is_split_by_quotes_and_by_nothing_else_of_a_shell() {
    let rows: [(&str, &[&str]); 7] = [
        ("/bin/a b  c\t", &["/bin/a", "b", "c"]),
        (
            "/bin/a 'b c' \"d e\" f\\ g",
            &["/bin/a", "b c", "d e", "f g"],
        ),
        ("/bin/a '' \"\"", &["/bin/a", "", ""]),
        ("/bin/a x'y'\"z\"", &["/bin/a", "xyz"]),
        ("/bin/a '\\n' \"\\\"\\n\"", &["/bin/a", "\\n", "\"\\n"]),
        (
            "/bin/a $HOME * | ; `b` > c",
            &["/bin/a", "$HOME", "*", "|", ";", "`b`", ">", "c"],
        ),
        ("'/a b/c'", &["/a b/c"]),
    ];
    for (text, wanted) in rows {
        assert_eq!(split(text).unwrap(), wanted, "{text}");
    }
}

#[test]
fn an_argument_with_exec_in_it_keeps_its_end_unlike_in_go_netaddrs() {
    let argv = split("/bin/peers --run exec=a exec=b").unwrap();
    assert_eq!(argv, ["/bin/peers", "--run", "exec=a", "exec=b"]);
}

#[test]
fn what_cannot_be_right_is_refused_when_the_query_is_parsed_unlike_in_go_netaddrs() {
    for keys in [
        "",
        "command=\"\"",
        "command=\"  \"",
        "command=\"''\"",
        "command=peers",
        "command=./peers",
        "command=\"/bin/a 'b\"",
        "command=\"/bin/a \\\"b\"",
        "command=\"/bin/a \\\\\"",
        "command=/bin/a timeout=0",
        "command=/bin/a timeout=1s",
        "command=/bin/a partial_code=0",
        "command=/bin/a partial_code=256",
        "command=/bin/a environment=\"A,,B\"",
        "command=/bin/a environment=\"A B\"",
    ] {
        assert!(
            Query::parse(&format!("provider=exec {keys}")).is_err(),
            "{keys}"
        );
    }
}
