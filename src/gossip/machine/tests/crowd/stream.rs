//! Streams of the crowd: a handshake, a question, an answer, each as late as its lost packets
//! make it.

use super::*;

/// What the system waits before it sends the first packet of a stream again (Linux).
const FIRST_AGAIN: Duration = Duration::from_secs(1);

/// What it waits before it sends data again, on a network as near as this (Linux, `TCP_RTO_MIN`).
const DATA_AGAIN: Duration = Duration::from_millis(200);

/// How often it sends the same again before it gives the stream up; far beyond every deadline here.
const TIMES: u32 = 8;

/// One exchange of lists; the number keeps it apart from others of the same pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StreamId(u64);

#[derive(Debug)]
pub(super) struct Step {
    id: StreamId,
    from: u16,
    to: u16,
    errand: Errand,
    doing: Doing,
}

#[derive(Debug)]
enum Doing {
    /// The asker is connected and shows his list.
    Ask,
    Question(Vec<u8>),
    Answer(Vec<u8>),
    /// The asker's patience, or the stream, is at its end.
    End(Answered),
}

impl Step {
    /// Who sent it, and to whom it happens.
    pub(super) const fn way(&self) -> (u16, u16) {
        match self.doing {
            Doing::Question(_) => (self.from, self.to),
            Doing::Ask | Doing::Answer(_) | Doing::End(_) => (self.to, self.from),
        }
    }
}

impl Crowd {
    pub(super) fn exchange(&mut self, from: u16, to: u16) {
        self.run(from, Errand::Exchange(addr(to)));
    }

    /// Opens the stream that an errand needs.
    pub(super) fn run(&mut self, from: u16, errand: Errand) {
        let tuning = Tuning::default();
        let (to, patience) = match errand {
            Errand::Exchange(to) | Errand::Meet(to, _) => (to.port(), tuning.join_deadline),
            Errand::Confirm(Identity { addr: to, .. }) | Errand::Recall(to, _) => {
                (to.port(), tuning.confirmation)
            }
        };
        self.last_event += 1;
        let id = StreamId(self.last_event);
        self.open.insert(id);
        let step = |doing| {
            Event::Stream(Step {
                id,
                from,
                to,
                errand,
                doing,
            })
        };
        let handshake = self.delay(FIRST_AGAIN, 2);
        let life = self.agents[&to].life;
        let is_reachable = life != Life::Dark && !self.is_cut(from, to) && handshake < patience;
        if !is_reachable {
            return self.schedule(patience, step(Doing::End(Answered::Unreachable)));
        }
        if life == Life::Killed {
            return self.schedule(handshake, step(Doing::End(Answered::Gone)));
        }
        self.schedule(handshake, step(Doing::Ask));
        self.schedule(patience, step(Doing::End(Answered::Silent)));
    }

    /// How long it takes until so many packets came through, one after the other.
    fn delay(&mut self, again: Duration, packets: u32) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..packets {
            total += self.latency();
            let lost = (0..TIMES).take_while(|_| self.is_lost()).count();
            total += again * (2_u32.pow(u32::try_from(lost).unwrap()) - 1);
        }
        total
    }

    pub(super) fn go_on(&mut self, step: Step) {
        let Step {
            id,
            from,
            to,
            errand,
            doing,
        } = step;
        let next = |doing| {
            Event::Stream(Step {
                id,
                from,
                to,
                errand,
                doing,
            })
        };
        match doing {
            Doing::Ask => {
                let asked = self.step(from, |machine, _| machine.picture());
                let Some(question) = asked else { return };
                let after = self.delay(DATA_AGAIN, 1);
                self.schedule(after, next(Doing::Question(question.encode())));
            }
            Doing::Question(bytes) => {
                let Message::Picture(picture) = Message::parse(&bytes).unwrap() else {
                    panic!("a question that is no list");
                };
                let answer = self.step(to, |machine, now| machine.answer(now, *picture));
                let after = self.delay(DATA_AGAIN, 1);
                self.schedule(after, next(Doing::Answer(answer.encode())));
            }
            Doing::Answer(bytes) if self.open.remove(&id) => {
                let message = Message::parse(&bytes).unwrap();
                let taken = self.step(from, |machine, now| {
                    machine.take_answer(now, addr(to), message)
                });
                if let Errand::Confirm(suspect) = &errand {
                    self.report(from, errand, Answered::by(suspect, &taken));
                }
            }
            Doing::End(answered) if self.open.remove(&id) => self.report(from, errand, answered),
            Doing::Answer(_) | Doing::End(_) => {}
        }
    }

    fn report(&mut self, asker: u16, errand: Errand, answered: Answered) {
        if let Errand::Confirm(suspect) = errand {
            self.step(asker, |machine, now| machine.asked(now, &suspect, answered));
        }
    }
}
