//! Between several responders: hedging, contradictions, rest, and questions that are given up.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jlis::{
    AnsweredFrom, Asker, OcspStatus, QuestionKind, ResponderFailure, StatusFailure, StatusQuestion,
    StatusSource as _, Unavailable,
};
use tokio::sync::Notify;

use crate::maker::{good, now, unknown};
use crate::server::{Heard, Reply, Server};
use crate::status::{superseded, superseded_der};
use crate::world::{OCSP, World, until};

#[tokio::test]
async fn the_second_responder_is_asked_after_a_delay_or_at_once() {
    let world = World::new();
    let first = Server::start(|_| Reply::Silence).await;
    let second = Server::start(world.saying(good(), 0)).await;
    let urls = [first.url(), second.url()];
    // Silence: after the delay.
    let mut settings = World::settings(&urls);
    settings.hedge_after = Duration::from_millis(50);
    let client = world.client(settings);
    let begun = Instant::now();
    let answer = world.ask(&client).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert!(
        begun.elapsed() < Duration::from_millis(390),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(answer.evidence.responder, "responder 2");
    assert_eq!(answer.questions_sent, 2);
    // Both are counted, the silent one when its time is over.
    let mut counted = 0;
    until("both are counted", || {
        counted += world.counted();
        counted == 2
    })
    .await;
    // Failure: at once, though the delay is a minute. "Unknown" is a reason to ask on, too.
    type Behaviour = Box<dyn Fn(&Heard) -> Reply + Send + Sync>;
    let failures: [Behaviour; 3] = [
        Box::new(|_: &Heard| Reply::HangUp),
        Box::new(|_: &Heard| Reply::ok(OCSP, vec![0x30, 3, 10, 1, 3])),
        Box::new(world.saying(unknown(), 0)),
    ];
    for failure in failures {
        first.behave(failure);
        let client = world.client(World::settings(&urls));
        let begun = Instant::now();
        let answer = world.ask(&client).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_eq!(answer.status, OcspStatus::Good);
        assert_eq!((answer.questions_sent, world.counted()), (2, 2));
    }
    // The first one answers: the second is not troubled.
    first.behave(world.saying(good(), 0));
    let before = second.asked();
    let client = world.client(World::settings(&urls));
    assert_eq!(world.ask(&client).await.unwrap().questions_sent, 1);
    assert_eq!(second.asked(), before);
    // Nobody knows it, or one does not and the other fails: not good.
    first.behave(world.saying(unknown(), 0));
    second.behave(|_| Reply::HangUp);
    let client = world.client(World::settings(&urls));
    assert_eq!(world.ask(&client).await.unwrap().status, OcspStatus::Unknown);
    first.behave(|_| Reply::HangUp);
    let StatusFailure::NoAnswer {
        responders,
        questions_sent,
    } = world.ask(&client).await.unwrap_err()
    else {
        panic!()
    };
    assert_eq!((responders.len(), questions_sent), (2, 2));
}

#[tokio::test]
async fn the_whole_question_is_bounded_whatever_each_responder_may_take() {
    let world = World::new();
    let servers = [
        Server::start(|_| Reply::Silence).await,
        Server::start(|_| Reply::Silence).await,
    ];
    let urls = servers.each_ref().map(Server::url);
    let mut settings = World::settings(&urls);
    settings.each = Duration::from_mins(1);
    settings.hedge_after = Duration::from_millis(20);
    settings.whole = Duration::from_millis(200);
    let client = world.client(settings);
    let begun = Instant::now();
    let failure = world.ask(&client).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(failure.code(), "no_answer");
}

#[tokio::test]
async fn contradicting_responders_are_an_incident_and_no_answer() {
    let world = World::new();
    let first = Server::start(world.saying(good(), 0)).await;
    let second = Server::start(world.saying(superseded_der(-5000), 0)).await;
    let urls = [first.url(), second.url()];
    let mut settings = World::settings(&urls);
    settings.good_for_seconds = 0;
    let client = world.client(settings);
    assert_eq!(world.ask(&client).await.unwrap().status, OcspStatus::Good);
    first.behave(|_| Reply::HangUp);
    assert_eq!(
        world.ask(&client).await.unwrap_err(),
        StatusFailure::Contradiction {
            responders: ["responder 1".to_owned(), "responder 2".to_owned()],
            questions_sent: 2,
        }
    );
    assert_eq!(world.counter.incidents.load(Ordering::SeqCst), 1);
    // From then on it is revoked, and nobody is asked again.
    let asked = (first.asked(), second.asked());
    first.behave(world.saying(good(), 0));
    let answer = world.ask(&client).await.unwrap();
    assert_eq!(
        (answer.status, answer.from),
        (superseded(-5000), AnsweredFrom::Memory)
    );
    assert_eq!((first.asked(), second.asked()), asked);
    // A revocation that the first one cannot know of yet is news.
    let client = world.client(World::settings(&urls));
    let fresh = world.saying(superseded_der(-60), 0);
    second.behave(fresh);
    first.behave(world.saying(good(), -120));
    assert_eq!(world.ask(&client).await.unwrap().status, OcspStatus::Good);
    first.behave(|_| Reply::HangUp);
    let later = world.ask_at(&client, now().plus_seconds(90), None).await.unwrap();
    assert_eq!(later.status, superseded(-60));
    assert_eq!(world.counter.incidents.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_late_second_answer_is_held_against_the_first() {
    let world = World::new();
    let release = Arc::new(Notify::new());
    let first_release = Arc::new(Notify::new());
    let (held, honest) = (Arc::clone(&first_release), world.saying(good(), 0));
    let first = Server::start(move |heard| Reply::Held(Arc::clone(&held), Box::new(honest(heard)))).await;
    let (held, other) = (Arc::clone(&release), world.saying(superseded_der(-5000), 0));
    let second = Server::start(move |heard| Reply::Held(Arc::clone(&held), Box::new(other(heard)))).await;
    let mut settings = World::settings(&[first.url(), second.url()]);
    settings.hedge_after = Duration::from_millis(10);
    settings.each = Duration::from_secs(20);
    settings.whole = Duration::from_secs(20);
    let client = world.client(settings);
    let asking = world.ask(&client);
    let releasing = async {
        until("both are asked", || first.asked() == 1 && second.asked() == 1).await;
        first_release.notify_one();
    };
    let (answer, ()) = tokio::join!(asking, releasing);
    assert_eq!(
        answer.unwrap().status,
        OcspStatus::Good,
        "the first verified answer wins"
    );
    assert_eq!(world.counter.incidents.load(Ordering::SeqCst), 0);
    release.notify_one();
    until("the incident is noticed", || {
        world.counter.incidents.load(Ordering::SeqCst) == 1
    })
    .await;
    let answer = world.ask(&client).await.unwrap();
    assert_eq!(
        (answer.status, answer.from),
        (superseded(-5000), AnsweredFrom::Memory)
    );
}

#[tokio::test]
async fn a_dead_responder_is_left_alone_and_tried_again() {
    let world = World::new();
    let dead = Server::start(|_| Reply::HangUp).await;
    let well = Server::start(world.saying(good(), 0)).await;
    let mut settings = World::settings(&[dead.url(), well.url()]);
    settings.failures = 3;
    settings.rest = Duration::from_millis(300);
    settings.good_for_seconds = 0;
    let client = world.client(settings);
    for _ in 0..10 {
        let answer = world.ask(&client).await.unwrap();
        assert_eq!(answer.evidence.responder, "responder 2");
    }
    assert_eq!((dead.asked(), well.asked()), (3, 10));
    assert_eq!(world.counted(), 13);
    // Both dead: a refusal at once, and nothing is sent.
    well.behave(|_| Reply::HangUp);
    for _ in 0..3 {
        world.ask(&client).await.unwrap_err();
    }
    world.counted();
    let failure = world.ask(&client).await.unwrap_err();
    if let StatusFailure::NoAnswer {
        responders,
        questions_sent: 0,
    } = &failure
    {
        let resting = ResponderFailure::Unavailable(Unavailable::Resting);
        assert!(responders.iter().all(|(_, why)| *why == resting));
        assert_eq!(world.counted(), 0);
    }
    // Risen, it is found again.
    dead.behave(world.saying(good(), 0));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match world.ask(&client).await {
            Ok(answer) if answer.evidence.responder == "responder 1" => break,
            _ => assert!(Instant::now() < deadline, "never tried again"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn questions_under_way_are_bounded_and_counted_even_if_given_up() {
    let world = World::new();
    let server = Server::start(|_| Reply::Silence).await;
    let mut settings = World::settings(&[server.url()]);
    settings.under_way = 1;
    settings.each = Duration::from_secs(30);
    settings.whole = Duration::from_secs(30);
    let client = world.client(settings);
    let (asked, config, name) = (client.clone(), world.config.clone(), world.name.clone());
    let service = Asker::Verifier("somebody".to_owned());
    let asker = service.clone();
    let waiting = tokio::spawn(async move {
        let question = StatusQuestion::new(&name, &config, &asker, now());
        asked.ask(&question).await.map(|_| ())
    });
    until("the question is there", || server.asked() == 1).await;
    let StatusFailure::NoAnswer {
        responders,
        questions_sent,
    } = world.ask(&client).await.unwrap_err()
    else {
        panic!()
    };
    let busy = ResponderFailure::Unavailable(Unavailable::Busy);
    assert_eq!((responders[0].1.clone(), questions_sent), (busy, 0));
    assert_eq!(world.counted(), 0);
    // The person closes the browser: the question was sent, and may be charged.
    waiting.abort();
    let mut sums = Vec::new();
    until("the question is counted", || {
        sums = world.counter.tally.take();
        !sums.is_empty()
    })
    .await;
    assert_eq!(sums, [(service, QuestionKind::StatusOfAuthentication, 1)]);
    // And its place is free again.
    server.behave(world.saying(good(), 0));
    assert!(world.ask(&client).await.is_ok());
}
