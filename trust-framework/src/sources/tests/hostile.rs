//! What a publisher, another file, another node or bad luck could do to the services of a source.

use super::*;

#[tokio::test]
async fn nobody_is_taken_over_by_the_spelling_of_a_name() {
    let platform = Platform::new();
    let source = source("federation");
    let victim = sp("https://victim.example/sp", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/sp").await.unwrap();
    let evil = sp("https://victim.example/sp ", "").replace("/acs", "/evil");
    let counts = platform.refresh(&source, &[victim.clone(), evil.clone()]).await;
    assert_eq!((counts.services, counts.refused, counts.changed), (1, 1, 0));
    let counts = platform.refresh(&source, &[evil, victim.clone()]).await;
    assert_eq!((counts.services, counts.refused, counts.changed), (1, 1, 0));
    // Nor where the reader says nothing: an entity whose settings bear another name than its own.
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &[]).await.unwrap();
    let mut disguised = read(&victim.replace("/acs", "/evil")).remove(0);
    disguised.entity_id.push(' ');
    refresh.take(disguised, None).await.unwrap();
    refresh.take(read(&victim).remove(0), None).await.unwrap();
    refresh.accept(everything(), NOW).await.unwrap();
    assert_eq!(
        platform.service("https://victim.example/sp").await.unwrap(),
        before
    );
    // When the spelling goes, nobody is withdrawn with it.
    platform.refresh(&source, &[victim]).await;
    assert!(platform.holds("https://victim.example/sp").await);
}

/// A record whose service another record holds too, as an earlier release could leave it.
#[tokio::test]
async fn one_service_is_one_entity() {
    let platform = Platform::new();
    let source = source("federation");
    let victim = sp("https://victim.example/sp", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/sp").await.unwrap();
    let key = FetchedService::key("federation", "https://victim.example/sp");
    let record = platform
        .ledger
        .record(store::RecordKind::FetchedEntity, &key)
        .await
        .unwrap()
        .unwrap();
    let moved = store::Record {
        version: 1,
        ..store::Record::new(
            store::RecordKind::FetchedEntity,
            FetchedService::key("federation", "https://victim.example/sp "),
            record.value,
        )
        .tagged("federation")
    };
    let batch = store::Batch::new()
        .write(store::Write::RemoveRecord {
            kind: store::RecordKind::FetchedEntity,
            key,
        })
        .write(store::Write::PutRecord(moved));
    platform.ledger.commit(batch).await.unwrap();
    let counts = platform
        .refresh(&source, &[victim.replace("/acs", "/evil")])
        .await;
    assert_eq!(counts.refused, 1);
    let after = platform.service("https://victim.example/sp").await.unwrap();
    let (ProtocolSettings::Saml(before), ProtocolSettings::Saml(after)) = (before.protocol, after.protocol)
    else {
        panic!("saml")
    };
    assert_eq!(
        after.assertion_consumer_services,
        before.assertion_consumer_services
    );
}

#[tokio::test]
async fn of_two_documents_with_one_entity_id_neither_is_believed() {
    let platform = Platform::new();
    let source = source("folder");
    let victim = sp("https://victim.example/", "");
    platform.refresh(&source, std::slice::from_ref(&victim)).await;
    let before = platform.service("https://victim.example/").await.unwrap();
    for names in [["https://victim.example/"; 2], ["https://fresh.example/"; 2]] {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        let evil = read(&sp(names[0], "").replace("/acs", "/evil")).remove(0);
        for (name, file) in names.iter().zip(["a.xml", "b.xml"]) {
            refresh.announce(name, file);
        }
        refresh.take(evil, None).await.unwrap();
        refresh
            .take(read(&sp(names[1], "")).remove(0), None)
            .await
            .unwrap();
        let accepted = Accepted {
            unread: ["other.xml".to_owned()].into(),
            ..everything()
        };
        let counts = refresh.accept(accepted, NOW).await.unwrap();
        assert_eq!((counts.services, counts.refused, counts.changed), (0, 1, 0));
    }
    assert_eq!(platform.service("https://victim.example/").await.unwrap(), before);
    assert_eq!(platform.service("https://fresh.example/").await, None);
    let why = Some("two documents of this source have this entityID".to_owned());
    assert_eq!(
        platform.refusals("folder").await,
        [
            ("https://fresh.example/".to_owned(), why.clone()),
            ("https://victim.example/".to_owned(), why)
        ]
    );
    // Unannounced, the second is refused, also where both are new.
    let mut refresh = platform.begin(&source).await.unwrap();
    refresh.recall().await.unwrap();
    for acs in ["/acs", "/evil"] {
        let entity = sp("https://late.example/", "").replace("/acs", acs);
        refresh.take(read(&entity).remove(0), None).await.unwrap();
    }
    let counts = refresh.accept(everything(), NOW).await.unwrap();
    assert_eq!((counts.services, counts.refused), (1, 1));
    assert_eq!(
        platform.service("https://late.example/").await.unwrap().version,
        1
    );
}

#[tokio::test]
async fn nodes_with_different_configurations_wait_for_each_other() {
    let platform = Platform::new();
    let (old, new) = (
        source("federation"),
        Source {
            judged_by: "other".to_owned(),
            ..source("federation")
        },
    );
    let slow = platform.begin(&old).await.unwrap();
    assert!(platform.begin_later(&new, 899).await.is_none(), "the lease");
    slow.accept(everything(), NOW.plus_seconds(3_600)).await.unwrap();
    assert!(platform.begin_later(&old, 899).await.is_none());
    assert!(platform.begin_later(&new, 4).await.is_none(), "turns");
    // A new configuration waits for no interval; who died is followed.
    let dead = platform.begin_later(&new, 5).await;
    assert!(dead.is_some());
    assert!(platform.begin_later(&old, 904).await.is_none());
    assert!(platform.begin_later(&old, 905).await.is_some());
}

#[tokio::test]
async fn a_change_lost_to_somebody_else_is_tried_again() {
    let platform = Platform::new();
    let source = source("federation");
    let text = sp("https://a.example/", "");
    platform.refresh(&source, std::slice::from_ref(&text)).await;
    let known = || Accepted {
        digest: "digest".to_owned(),
        etag: Some("etag".to_owned()),
        last_modified: Some("then".to_owned()),
        ..everything()
    };
    let changed = [text.replace("/acs", "/acs2")];
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &changed).await.unwrap();
    platform
        .operator()
        .suspend("https://a.example/", "why")
        .await
        .unwrap();
    refresh.accept(known(), NOW.plus_seconds(3_600)).await.unwrap();
    let (state, _) = SourceState::read(&*platform.ledger, "federation").await.unwrap();
    assert_eq!(
        (
            state.digest.as_str(),
            state.etag,
            state.last_modified,
            state.next_at
        ),
        ("", None, None, Some(NOW.plus_seconds(60)))
    );
    assert!(state.problem.is_some());
    let mut refresh = platform.begin(&source).await.unwrap();
    fill(&mut refresh, &changed).await.unwrap();
    let counts = refresh.accept(known(), NOW.plus_seconds(3_600)).await.unwrap();
    assert_eq!(counts.changed, 1);
    let (state, _) = SourceState::read(&*platform.ledger, "federation").await.unwrap();
    assert_eq!((state.digest.as_str(), state.problem), ("digest", None));
}

#[tokio::test]
async fn what_a_refused_entity_had_before_comes_to_its_end() {
    let platform = Platform::new();
    let source = source("federation");
    let until = |seconds: i64| Accepted {
        mark: Mark {
            created: None,
            valid_until: Some(NOW.plus_seconds(seconds)),
        },
        ..everything()
    };
    let end = async |entity_id: &str| match platform.service(entity_id).await.unwrap().protocol {
        ProtocolSettings::Saml(settings) => settings.fetched.unwrap().valid_until,
        ProtocolSettings::Oidc(_) => panic!("saml"),
    };
    let names = ["https://late.example/", "https://bad.example/"];
    let good = names.map(|name| sp(name, ""));
    let past = NOW.plus_seconds(-360).to_rfc3339().unwrap();
    let refused = [
        good[0].replacen("entityID", &format!("validUntil=\"{past}\" entityID"), 1),
        good[1].replace("https://sp.example.go.jp/acs", "javascript:alert(1)"),
    ];
    // The document from which they were taken holds for a minute, each that follows for longer.
    for (seconds, entities, ends) in [
        (60, &good, [None, None]),
        (120, &refused, [Some(-360), Some(60)]),
        (180, &refused, [Some(-360), Some(60)]),
        (240, &good, [None, None]),
    ] {
        let mut refresh = platform.begin(&source).await.unwrap();
        fill(&mut refresh, entities).await.unwrap();
        refresh.accept(until(seconds), NOW).await.unwrap();
        let ends = ends.map(|end| end.map(|seconds: i64| NOW.plus_seconds(seconds)));
        assert_eq!([end(names[0]).await, end(names[1]).await], ends, "{seconds}");
    }
    assert!(platform.holds(names[0]).await);
}

#[tokio::test]
async fn each_of_several_documents_has_its_own_mark() {
    let platform = Platform::new();
    let source = source("folder");
    let mark = |created: Option<i64>, until: Option<i64>| Mark {
        created: created.map(|seconds| NOW.plus_seconds(seconds)),
        valid_until: until.map(|seconds| NOW.plus_seconds(seconds)),
    };
    let accept = async |files: &[(&str, Mark)]| {
        let refresh = platform.begin(&source).await.unwrap();
        let accepted = Accepted {
            marks: files
                .iter()
                .map(|(file, mark)| ((*file).to_owned(), *mark))
                .collect(),
            ..everything()
        };
        refresh.accept(accepted, NOW).await.unwrap();
    };
    accept(&[
        ("a.xml", mark(Some(-5), Some(-299))),
        ("b.xml", mark(None, None)),
        ("c.xml", mark(None, Some(-300))),
    ])
    .await;
    // One that is gone is remembered as long as an old copy of it could be shown.
    accept(&[("b.xml", mark(Some(-1), None))]).await;
    let refresh = platform.begin(&source).await.unwrap();
    assert_eq!(refresh.before_of("a.xml"), mark(Some(-5), Some(-299)));
    assert_eq!(refresh.before_of("b.xml"), mark(Some(-1), None));
    assert_eq!(refresh.before_of("c.xml"), Mark::default());
    assert_eq!(refresh.before(), Mark::default());
}

#[tokio::test]
async fn a_bad_file_keeps_its_own_entities_and_no_others() {
    let platform = Platform::new();
    let source = source("folder");
    let names = ["https://a.example/", "https://b.example/", "https://c.example/"];
    let files = [Some("a.xml"), Some("b.xml"), Some("c.xml")];
    let round = async |there: &[usize], unread: &[&str]| {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        for at in there {
            let entity = read(&sp(names[*at], "")).remove(0);
            refresh.take(entity, files[*at]).await.unwrap();
        }
        let accepted = Accepted {
            unread: unread.iter().map(|file| (*file).to_owned()).collect(),
            problem: unread.first().map(|file| format!("{file}: bad")),
            ..everything()
        };
        refresh.accept(accepted, NOW).await.unwrap();
        let mut holding = Vec::new();
        for name in names {
            holding.push(platform.holds(name).await);
        }
        holding
    };
    let events = async || platform.ledger.audit_from(0, 1_000).await.unwrap().len();
    assert_eq!(round(&[0, 1, 2], &[]).await, [true, true, true]);
    // b.xml is bad and c.xml is gone.
    assert_eq!(round(&[0], &["b.xml"]).await, [true, true, false]);
    let so_far = events().await;
    assert_eq!(round(&[0], &["b.xml"]).await, [true, true, false]);
    assert_eq!(events().await, so_far, "nothing new, no event");
    // Nothing changed since: the problem is still there.
    platform.begin(&source).await.unwrap().same(NOW).await.unwrap();
    let (state, _) = SourceState::read(&*platform.ledger, "folder").await.unwrap();
    assert_eq!(state.problem.as_deref(), Some("b.xml: bad"));
    assert_eq!(round(&[0, 1], &[]).await, [true, true, false]);
    assert_eq!(events().await, so_far + 1);
}

#[tokio::test]
async fn what_a_bad_file_held_comes_from_no_other_meanwhile() {
    let platform = Platform::new();
    let source = source("folder");
    let name = "https://victim.example/";
    let mut refresh = platform.begin(&source).await.unwrap();
    let entity = read(&sp(name, "")).remove(0);
    refresh.take(entity, Some("b.xml")).await.unwrap();
    refresh.accept(everything(), NOW).await.unwrap();
    let before = platform.service(name).await.unwrap();
    let round = async |evil: bool, unread: Option<&str>| {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        if evil {
            refresh.announce(name, "a.xml");
        }
        if let Some(file) = unread {
            refresh.announce_unread(file);
        }
        if evil {
            let entity = sp(name, "").replace("/acs", "/evil");
            let entity = read(&entity).remove(0);
            refresh.take(entity, Some("a.xml")).await.unwrap();
        }
        let accepted = Accepted {
            unread: unread.iter().map(|file| (*file).to_owned()).collect(),
            ..everything()
        };
        refresh.accept(accepted, NOW).await.unwrap();
        platform.service(name).await.unwrap()
    };
    assert_eq!(round(true, Some("b.xml")).await, before);
    // The other one goes: it is still the bad file's.
    assert_eq!(round(false, Some("b.xml")).await, before);
    // With the file its claim ends, after one look without it.
    assert_eq!(round(true, None).await, before);
    assert_ne!(round(true, None).await, before);
}

#[tokio::test]
async fn an_entity_comes_from_its_own_file_whatever_others_say() {
    let platform = Platform::new();
    let source = source("folder");
    let name = "https://victim.example/";
    let past = NOW.plus_seconds(-360).to_rfc3339().unwrap();
    let evil = sp(name, "").replace("/acs", "/evil").replacen(
        "entityID",
        &format!("validUntil=\"{past}\" entityID"),
        1,
    );
    let late = sp(name, "").replace("/acs", "/evil");
    let good = sp(name, "");
    let round = async |files: &[(&str, &String)]| {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        for (file, _) in files {
            refresh.announce(name, file);
        }
        for (file, entity) in files {
            refresh.take(read(entity).remove(0), Some(file)).await.unwrap();
        }
        refresh
            .accept(everything(), NOW.plus_seconds(3_600))
            .await
            .unwrap();
        let (state, _) = SourceState::read(&*platform.ledger, "folder").await.unwrap();
        let soon = state.next_at == Some(NOW.plus_seconds(60));
        assert_eq!(state.problem.is_some(), soon);
        (platform.service(name).await.unwrap(), soon)
    };
    let (first, _) = round(&[("victim.xml", &good)]).await;
    let as_it_was = (first.clone(), false);
    for another in [&evil, &late] {
        let both = [("0-evil.xml", another), ("victim.xml", &good)];
        assert_eq!(round(&both).await, as_it_was);
        // Its file is missing at one look, and comes again.
        assert_eq!(round(&both[..1]).await, (first.clone(), another == &late));
        assert_eq!(round(&both).await, as_it_was);
    }
    assert!(platform.holds(name).await);
    // It changes in its own file while the other is there.
    let changed = good.replace("/acs", "/acs2");
    let (second, _) = round(&[("0-evil.xml", &late), ("victim.xml", &changed)]).await;
    assert_ne!(second, first);
    // Missing, there again but not readable, missing: that is one file being put in place, not two looks without it.
    let half = async || {
        let mut refresh = platform.begin(&source).await.unwrap();
        refresh.recall().await.unwrap();
        refresh.announce(name, "0-evil.xml");
        refresh.announce_unread("victim.xml");
        refresh
            .take(read(&late).remove(0), Some("0-evil.xml"))
            .await
            .unwrap();
        let accepted = Accepted {
            unread: ["victim.xml".to_owned()].into(),
            problem: Some("victim.xml: half".to_owned()),
            ..everything()
        };
        refresh.accept(accepted, NOW.plus_seconds(3_600)).await.unwrap();
    };
    for _ in 0..2 {
        assert_eq!(round(&[("0-evil.xml", &late)]).await, (second.clone(), true));
        half().await;
        assert_eq!(platform.service(name).await.unwrap(), second);
    }
    round(&[("victim.xml", &changed)]).await;
    // Its own file names it twice: neither is believed.
    let two = [("victim.xml", &good), ("victim.xml", &late)];
    let (same, _) = round(&two).await;
    assert_eq!(same, second);
    round(&[("victim.xml", &changed)]).await;
    // Twice missing: its operator moved it.
    assert_eq!(round(&[("moved.xml", &good)]).await, (second.clone(), true));
    let (third, _) = round(&[("moved.xml", &good)]).await;
    assert_eq!(third.protocol, first.protocol);
}

/// A member of a federation may call itself what it likes; people see where their data go.
#[tokio::test]
async fn behind_a_name_that_nobody_looked_at_stands_the_host() {
    let platform = Platform::new();
    let source = source("federation");
    let named = |name: &str| {
        let display = format!(
            r#"<Extensions><m:UIInfo xmlns:m="urn:oasis:names:tc:SAML:metadata:ui"><m:DisplayName xml:lang="ja">{name}</m:DisplayName></m:UIInfo></Extensions><AssertionConsumerService"#
        );
        sp("https://a.example/", "").replacen("<AssertionConsumerService", &display, 1)
    };
    platform.refresh(&source, &[named("国税庁")]).await;
    let name = platform.service("https://a.example/").await.unwrap().name;
    assert_eq!(
        (name.ja.as_str(), name.en.as_str()),
        ("国税庁（sp.example.go.jp）", "国税庁 (sp.example.go.jp)")
    );
    platform.refresh(&source, &[named(&"長".repeat(200))]).await;
    let name = platform.service("https://a.example/").await.unwrap().name;
    assert!(name.ja.ends_with("長（sp.example.go.jp）"), "{}", name.ja);
    platform.refresh(&source, &[sp("https://a.example/", "")]).await;
    let name = platform.service("https://a.example/").await.unwrap().name;
    assert_eq!(name.ja, "https://a.example/");
}

#[tokio::test]
async fn a_name_that_could_be_a_clients_is_refused() {
    let platform = Platform::new();
    let source = source("federation");
    let counts = platform
        .refresh(
            &source,
            &["rp-filing", "urn:example:sp", "https://a.example/"].map(|name| sp(name, "")),
        )
        .await;
    assert_eq!((counts.services, counts.refused), (2, 1));
    assert_eq!(platform.service("rp-filing").await, None);
}
