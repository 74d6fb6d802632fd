//! Lists in their forms, and what is no list.

use crate::tape::{Hostile, Take, Tape, shown};
use crate::{FakeFiles, Kind};

const URL: &str = "provider=http url=\"https://inventory.example/peers?role=server\"";

#[tokio::test]
async fn a_list_in_prometheus_form_gives_targets_with_their_labels() {
    let list =
        r#"[{"targets":["10.0.0.2:9100","a.example:9100"],"labels":{"dc":"eu"}},{"targets":[]}]"#;
    let one = Take::get("/peers?role=server").header("accept", "application/json");
    let tape = Tape::play([one.json(list)]).await;
    let answer = tape.resolve(&format!("{URL} port=8301")).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.2:8301", "a.example:8301"]);
    assert_eq!(answer.contacts[0].tags["dc"], "eu");
    assert!(answer.is_complete());
    tape.finish();
}

#[tokio::test]
async fn a_plain_list_gives_what_is_known() {
    let list =
        r#"["10.0.0.1",{"address":"10.0.0.2","port":7,"id":"b","zone":"z","tags":{"k":"v"}}]"#;
    let tape = Tape::play([Take::get("/peers?role=server").json(list)]).await;
    let answer = tape.resolve(URL).await.unwrap();
    assert_eq!(shown(&answer), ["10.0.0.1", "10.0.0.2:7"]);
    assert_eq!(answer.contacts[1].instance.as_deref(), Some("b"));
    tape.finish();
}

#[tokio::test]
async fn an_empty_list_is_an_empty_answer() {
    let tape = Tape::play([Take::get("/peers?role=server").json("[]")]).await;
    let answer = tape.resolve(URL).await.unwrap();
    assert!(answer.contacts.is_empty() && answer.is_complete());
}

#[tokio::test]
async fn a_token_is_sent_and_read_anew_from_its_file() {
    let with = |token: &str| {
        Take::get("/peers?role=server")
            .header("authorization", token)
            .json("[]")
    };
    let tape = Tape::play([
        with("Bearer hush"),
        with("Bearer of-file"),
        with("Basic dTpw"),
    ])
    .await;
    let tape = tape.with_files(FakeFiles::default().with("/run/token", "of-file\n"));
    for more in [
        "bearer_token=hush",
        "bearer_token_file=/run/token",
        "basic_user=u basic_password=p",
    ] {
        tape.resolve(&format!("{URL} {more}")).await.unwrap();
    }
    tape.finish();
}

#[tokio::test]
async fn one_entry_that_is_no_address_makes_the_list_wrong() {
    for list in [
        r#"["10.0.0.1","no address"]"#,
        r#"[{"targets":"10.0.0.1"}]"#,
        "[7]",
        "{}",
        "null",
    ] {
        let tape = Tape::play([Take::get("/peers?role=server").json(list)]).await;
        let error = tape.resolve(URL).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Answer, "{list}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_hostile_answer_becomes_an_empty_list() {
    for hostile in Hostile::ALL {
        let tape = Tape::always(hostile).await;
        let error = tape
            .resolve(&format!("{URL} bearer_token=hush"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), hostile.kind(), "{hostile:?}: {error}");
        assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
    }
}
