use super::*;

/// First and last address of each range, and its neighbours outside, where these are public.
const INTERNAL: &[(&str, &str, &str)] = &[
    ("this network (RFC 791)", "0.0.0.0", "0.255.255.255"),
    ("private (RFC 1918)", "10.0.0.0", "10.255.255.255"),
    ("shared, CGNAT (RFC 6598)", "100.64.0.0", "100.127.255.255"),
    ("loopback (RFC 1122)", "127.0.0.0", "127.255.255.255"),
    (
        "link-local, cloud metadata (RFC 3927)",
        "169.254.0.0",
        "169.254.255.255",
    ),
    ("private (RFC 1918)", "172.16.0.0", "172.31.255.255"),
    ("protocol assignments (RFC 6890)", "192.0.0.0", "192.0.0.255"),
    ("documentation (RFC 5737)", "192.0.2.0", "192.0.2.255"),
    ("6to4 relays (RFC 7526)", "192.88.99.0", "192.88.99.255"),
    ("private (RFC 1918)", "192.168.0.0", "192.168.255.255"),
    ("benchmarking (RFC 2544)", "198.18.0.0", "198.19.255.255"),
    ("documentation (RFC 5737)", "198.51.100.0", "198.51.100.255"),
    ("documentation (RFC 5737)", "203.0.113.0", "203.0.113.255"),
    ("multicast (RFC 5771)", "224.0.0.0", "239.255.255.255"),
    ("reserved (RFC 1112), broadcast", "240.0.0.0", "255.255.255.255"),
];

const INTERNAL_V6: &[(&str, &str, &str)] = &[
    (
        "unspecified, loopback, compatible, mapped, all below 2000::/3",
        "::",
        "::fffe:ffff:ffff",
    ),
    ("NAT64 (RFC 6052)", "64:ff9b::", "64:ff9b::ffff:ffff"),
    (
        "local NAT64 (RFC 8215)",
        "64:ff9b:1::",
        "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
    ),
    ("discard (RFC 6666)", "100::", "100::ffff:ffff:ffff:ffff"),
    (
        "protocol assignments (RFC 2928): Teredo, ORCHID, benchmarking",
        "2001::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "documentation (RFC 3849)",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "6to4 (RFC 3056)",
        "2002::",
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "documentation (RFC 9637)",
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "beyond global unicast, SRv6 (RFC 9602)",
        "4000::",
        "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "unique local (RFC 4193)",
        "fc00::",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "link-local (RFC 4291)",
        "fe80::",
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "site-local (RFC 3879)",
        "fec0::",
        "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
    (
        "multicast (RFC 4291)",
        "ff00::",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ),
];

#[test]
fn no_internal_range_is_public_from_its_first_address_to_its_last() {
    for (what, first, last) in INTERNAL {
        let [first, last] = [first, last].map(|text| u32::from(text.parse::<Ipv4Addr>().unwrap()));
        for number in [first, first + 1, first + (last - first) / 2, last - 1, last] {
            let v4 = Ipv4Addr::from(number);
            assert!(!is_public(v4.into()), "{v4} is {what}");
            // The same in whatever IPv6 wraps it in.
            let [a, b] = [number >> 16, number & 0xffff];
            for wrapped in [
                v4.to_ipv6_mapped().to_string(),
                v4.to_ipv6_compatible().to_string(),
                format!("64:ff9b::{a:x}:{b:x}"),
                format!("64:ff9b:1::{a:x}:{b:x}"),
                format!("2002:{a:x}:{b:x}::1"),
                format!("2001:0:{a:x}:{b:x}::1"),
                format!("2400:4000::5efe:{a:x}:{b:x}"),
                format!("2400:4000::200:5efe:{a:x}:{b:x}"),
            ] {
                let address: IpAddr = wrapped.parse().unwrap();
                assert!(!is_public(address), "{wrapped} is {what}");
            }
        }
    }
    for (what, first, last) in INTERNAL_V6 {
        let [first, last] = [first, last].map(|text| u128::from(text.parse::<Ipv6Addr>().unwrap()));
        for number in [first, first + 1, first + (last - first) / 2, last - 1, last] {
            let v6 = Ipv6Addr::from(number);
            assert!(!is_public(v6.into()), "{v6} is {what}");
        }
    }
}

#[test]
fn what_lies_between_the_ranges_is_public() {
    for text in [
        "1.0.0.0",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2000::1",
        "2001:200::1",
        "2001:db7:ffff::1",
        "2001:db9::1",
        "2003::1",
        "2400:4000::1",
        "2400:4000::5eff:808:808",
        "3fff:1000::1",
        "3ffe:ffff::1",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn a_url_is_taken_with_a_plain_host_only() {
    for text in [
        "http://bank.example/",
        "ftp://bank.example/",
        "https://",
        "https://user@bank.example/",
        "https://user:word@bank.example/",
        "https://:word@bank.example/",
        "https://bank.example:0/",
        "https://bank.example:65536/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://bank example/",
        "https://1.2.3.4.5/",
        "https://0x100000000/",
        "//bank.example/",
        "bank.example",
        "",
    ] {
        assert!(destination(text).is_none(), "{text}");
    }
    for (text, host, port) in [
        ("https://bank.example/notices?a=b", "bank.example", 443),
        ("https://BANK.example:8443", "bank.example", 8443),
        // What follows the last at sign is the host, and then there is a user name; a path may hold one.
        ("https://bank.example/@127.0.0.1/", "bank.example", 443),
        ("https://bank.example\\@127.0.0.1/", "bank.example", 443),
        // Names beyond ASCII are compared and looked up in their ASCII form (UTS 46).
        ("https://銀行.example/", "xn--jn2ax2s.example", 443),
        ("https://ｂａｎｋ．example/", "bank.example", 443),
        // Every spelling of a number becomes the number.
        ("https://2130706433/", "127.0.0.1", 443),
        ("https://0x7f.1/", "127.0.0.1", 443),
        ("https://0177.0.0.01/", "127.0.0.1", 443),
        ("https://①②⑦.1/", "127.0.0.1", 443),
        ("https://%31%32%37.0.0.1/", "127.0.0.1", 443),
        ("https://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1", 443),
    ] {
        let found = destination(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((found.host.as_str(), found.port), (host, port), "{text}");
    }
}

#[tokio::test]
async fn what_leads_inwards_is_not_found_whatever_it_is_called() {
    for text in [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://localhost./",
        "https://LOCALHOST:8443/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://①②⑦.1/",
        "https://127.1/",
        "https://0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://100.100.100.200/",
        "https://10.0.0.1:6443/",
        "https://192.0.0.192/",
    ] {
        let read = destination(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(find(&read, false).await, None, "{text}");
    }
    let here = destination("https://127.0.0.1:8443/").unwrap();
    assert_eq!(find(&here, true).await, Some(([127, 0, 0, 1], 8443).into()));
    let public = destination("https://[::ffff:8.8.8.8]/").unwrap();
    assert!(find(&public, false).await.is_some());
    // Mail, a name server, LDAP: ports where something else than a web server answers.
    for port in [22, 25, 53, 80, 389, 636, 993, 1023] {
        let other = destination(&format!("https://8.8.8.8:{port}/")).unwrap();
        assert_eq!(find(&other, false).await, None, "{port}");
    }
    for port in [443, 1024, 8443, 65_535] {
        let ours = destination(&format!("https://8.8.8.8:{port}/")).unwrap();
        assert!(find(&ours, false).await.is_some(), "{port}");
    }
}
