//! What a server that leads settles before it stops: whoever wrote through it is told what came of
//! it.

use std::cell::Cell;

use futures_util::future::{join, join_all};

use crate::support::{Agent, World, eventually};

/// How many writes are under way at once.
const WRITERS: usize = 32;

/// What came of writes that ended with the server.
struct Written {
    keys: Vec<String>,
    /// Answers that leave open whether the write was done, and answers that never came.
    open: Vec<String>,
}

/// Writes through a server until it takes no more, one write after the other for each writer.
async fn write_to_the_end(through: &Agent, done: &Cell<usize>) -> Written {
    let writers = (0..WRITERS).map(|writer| async move {
        let mut keys = Vec::new();
        for n in 0.. {
            let key = format!("until/{writer}/{n}");
            match through.ask_put(&format!("/v1/kv/{key}"), "x").await {
                Ok((200, _)) => keys.push(key),
                Ok((status, body)) if body.contains("may or may not") => {
                    return (keys, Some(format!("{key}: {status} {body}")));
                }
                Err(error) if !error.is_connect() => {
                    return (keys, Some(format!("{key}: {error:?}")));
                }
                Ok(_) | Err(_) => return (keys, None),
            }
            done.set(done.get() + 1);
        }
        (keys, None)
    });
    let (keys, open): (Vec<_>, Vec<_>) = join_all(writers).await.into_iter().unzip();
    Written {
        keys: keys.concat(),
        open: open.into_iter().flatten().collect(),
    }
}

#[tokio::test]
async fn a_leader_that_stops_leaves_no_write_that_it_took_up_in_doubt() {
    let world = World::new();
    let mut servers = world.servers(3, &[]);
    for server in &servers {
        server.write(&format!("by/{}", server.addr()), "1").await;
        server.sees(3).await;
    }
    let leader = servers[0].led().await;
    let leads = |server: &Agent| leader == format!("{}:8300", server.addr());
    let at = servers.iter().position(leads).unwrap();
    let mut stopped = servers.remove(at);
    let done = Cell::new(0);
    let stop = async {
        eventually("writes are under way", || async {
            (done.get() > 10 * WRITERS).then_some(())
        })
        .await;
        stopped.signal("TERM").await;
    };
    let (written, ()) = join(write_to_the_end(&stopped, &done), stop).await;
    assert_eq!(stopped.ended().await, Some(1));
    assert!(stopped.log_text().contains("leadership handed over"));
    assert!(written.open.is_empty(), "{:#?}", written.open);
    let found = eventually("all keys", || async {
        let (_, body) = servers[0].try_get("/v1/kv/until/?keys&consistent").await?;
        serde_json::from_str::<Vec<String>>(&body).ok()
    })
    .await;
    let lost = written.keys.iter().filter(|key| !found.contains(key));
    assert_eq!(lost.count(), 0);
}
