"""A SAML service provider by a library of others, driven over lines of JSON: pysaml2 or python3-saml, both as Debian has them.

Started with one JSON object: library, entity, base (addresses of the service begin so), idp (file of the platform's metadata), folder (a
place for keys), encrypt (whether it asks for encrypted assertions). Each line in asks for one thing (`do`), each line out is the answer;
what the library refuses comes back as `refused`.
"""

import base64
import html.parser
import json
import pathlib
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlsplit

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def key_pair(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    return str(key), str(certificate)


class Page(html.parser.HTMLParser):
    """The form of a page that posts itself."""

    def __init__(self):
        super().__init__()
        self.action, self.fields = None, []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "form":
            self.action = attributes["action"]
        if tag == "input" and "name" in attributes:
            self.fields.append([attributes["name"], attributes["value"]])


class PySaml2:
    """pysaml2 with xmlsec1 for signatures."""

    def __init__(self, asked):
        self.asked = asked
        self.keys = key_pair(pathlib.Path(asked["folder"]), "pysaml2")
        self.outstanding = {}
        self.trust(asked["idp"])

    def trust(self, idp):
        from saml2.client import Saml2Client
        from saml2.config import SPConfig
        key, certificate = self.keys
        base = self.asked["base"]
        settings = {
            "entityid": self.asked["entity"],
            "xmlsec_binary": "/usr/bin/xmlsec1",
            "key_file": key,
            "cert_file": certificate,
            "metadata": {"local": [idp]},
            "allow_unknown_attributes": True,
            "service": {"sp": {
                "endpoints": {
                    "assertion_consumer_service": [(base + "/acs", POST)],
                    "single_logout_service": [(base + "/slo", REDIRECT), (base + "/slo", POST)],
                },
                "name_id_format": [PERSISTENT],
                "authn_requests_signed": True,
                "logout_requests_signed": True,
                "want_assertions_signed": True,
                "want_response_signed": False,
            }},
        }
        if self.asked["encrypt"]:
            settings["encryption_keypairs"] = [{"key_file": key, "cert_file": certificate}]
        config = SPConfig()
        config.load(settings)
        self.client = Saml2Client(config=config)
        self.idp = next(iter(self.client.metadata.identity_providers()))
        return {}

    def metadata(self, _):
        from saml2.metadata import entity_descriptor
        return {"xml": str(entity_descriptor(self.client.config))}

    def ask(self, wanted):
        from saml2 import saml, samlp, xmldsig
        binding = POST if wanted.get("post") else REDIRECT
        more = {}
        if wanted.get("contexts"):
            more["requested_authn_context"] = samlp.RequestedAuthnContext(
                authn_context_class_ref=[saml.AuthnContextClassRef(text=name) for name in wanted["contexts"]],
                comparison="exact")
        number, info = self.client.prepare_for_authenticate(
            entityid=self.idp, relay_state="state", binding=binding, sign=True,
            sigalg=xmldsig.SIG_RSA_SHA256, digest_alg=xmldsig.DIGEST_SHA256,
            force_authn="true" if wanted.get("force") else None, **more)
        self.outstanding[number] = "/"
        return self.go(info)

    @staticmethod
    def go(info):
        where = dict(info.get("headers") or []).get("Location")
        if where:
            return {"go": where}
        page = Page()
        page.feed(info["data"])
        return {"action": page.action, "fields": page.fields}

    def answer(self, given):
        fields = dict(parse_qsl(given["form"]))
        response = self.client.parse_authn_request_response(
            fields["SAMLResponse"], POST, outstanding=dict(self.outstanding))
        self.outstanding.pop(response.in_response_to)
        self.name_id = response.name_id
        info = response.session_info()
        return {"name": response.name_id.text, "format": response.name_id.format,
                "context": info["authn_info"][0][0], "attributes": response.ava,
                "encrypted": b"EncryptedAssertion" in base64.b64decode(fields["SAMLResponse"])}

    def logout(self, wanted):
        from saml2 import xmldsig
        binding = POST if wanted.get("post") else REDIRECT
        sent = self.client.do_logout(
            self.name_id, [self.idp], reason=None, expire=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 240)),
            expected_binding=binding, sign=True, sign_alg=xmldsig.SIG_RSA_SHA256, digest_alg=xmldsig.DIGEST_SHA256)
        binding, info = sent[self.idp]
        return self.go(info)

    def logout_answer(self, given):
        fields = dict(parse_qsl(given["query"]))
        response = self.client.parse_logout_request_response(fields["SAMLResponse"], REDIRECT)
        return {"status": response.response.status.status_code.value}

    def logout_request(self, given):
        from saml2 import xmldsig
        fields = dict(parse_qsl(given["query"]))
        info = self.client.handle_logout_request(
            fields["SAMLRequest"], self.name_id, REDIRECT, sign=True, sign_alg=xmldsig.SIG_RSA_SHA256,
            digest_alg=xmldsig.DIGEST_SHA256, relay_state=fields.get("RelayState", ""))
        return self.go(info)


class Python3Saml:
    """python3-saml (OneLogin) in its strict mode, over xmlsec as a library."""

    def __init__(self, asked):
        self.asked = asked
        self.keys = key_pair(pathlib.Path(asked["folder"]), "python3-saml")
        self.number = None
        self.trust(asked["idp"])

    def trust(self, idp):
        from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as Parser
        base = self.asked["base"]
        key, certificate = (pathlib.Path(path).read_text() for path in self.keys)
        self.settings = Parser.merge_settings({
            "strict": True,
            "sp": {
                "entityId": self.asked["entity"],
                "assertionConsumerService": {"url": base + "/acs", "binding": POST},
                "singleLogoutService": {"url": base + "/slo", "binding": REDIRECT},
                "NameIDFormat": PERSISTENT,
                "x509cert": certificate,
                "privateKey": key,
            },
            "security": {
                "authnRequestsSigned": True, "logoutRequestSigned": True, "logoutResponseSigned": True,
                "wantAssertionsSigned": True, "wantMessagesSigned": False, "wantNameId": True,
                "wantAssertionsEncrypted": self.asked["encrypt"], "wantNameIdEncrypted": False,
                "requestedAuthnContext": False, "rejectDeprecatedAlgorithm": True,
                "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
            },
        }, Parser.parse(pathlib.Path(idp).read_text(), required_slo_binding=REDIRECT))
        return {}

    def auth(self, path="/acs", query="", form="", settings=None):
        from onelogin.saml2.auth import OneLogin_Saml2_Auth
        base = urlsplit(self.asked["base"])
        request = {
            "https": "on", "http_host": base.netloc, "script_name": path, "query_string": query,
            "get_data": dict(parse_qsl(query)), "post_data": dict(parse_qsl(form)),
            "validate_signature_from_qs": True,
        }
        return OneLogin_Saml2_Auth(request, old_settings=settings or self.settings)

    def metadata(self, _):
        from onelogin.saml2.settings import OneLogin_Saml2_Settings
        settings = OneLogin_Saml2_Settings(self.settings, sp_validation_only=True)
        text = settings.get_sp_metadata()
        return {"xml": text.decode() if isinstance(text, bytes) else text}

    def ask(self, wanted):
        settings = dict(self.settings)
        if wanted.get("contexts"):
            settings = {**settings, "security": {**settings["security"], "requestedAuthnContext": wanted["contexts"]}}
        auth = self.auth(settings=settings)
        where = auth.login(return_to="state", force_authn=bool(wanted.get("force")))
        self.number = auth.get_last_request_id()
        return {"go": where}

    def answer(self, given):
        auth = self.auth(form=given["form"])
        auth.process_response(request_id=self.number)
        if auth.get_errors():
            return {"refused": f"{auth.get_errors()} {auth.get_last_error_reason()}"}
        self.person = auth
        fields = dict(parse_qsl(given["form"]))
        return {"name": auth.get_nameid(), "format": auth.get_nameid_format(),
                "context": auth.get_last_authn_contexts()[0], "attributes": auth.get_attributes(),
                "encrypted": b"EncryptedAssertion" in base64.b64decode(fields["SAMLResponse"])}

    def logout(self, _):
        auth, person = self.auth(path="/slo"), self.person
        where = auth.logout(
            return_to="state", name_id=person.get_nameid(), session_index=person.get_session_index(),
            nq=person.get_nameid_nq(), name_id_format=person.get_nameid_format(), spnq=person.get_nameid_spnq())
        self.number = auth.get_last_request_id()
        return {"go": where}

    def logout_answer(self, given):
        auth = self.auth(path="/slo", query=given["query"])
        auth.process_slo(keep_local_session=True, request_id=self.number)
        if auth.get_errors():
            return {"refused": f"{auth.get_errors()} {auth.get_last_error_reason()}"}
        return {"status": "urn:oasis:names:tc:SAML:2.0:status:Success"}

    def logout_request(self, given):
        auth = self.auth(path="/slo", query=given["query"])
        where = auth.process_slo(keep_local_session=True)
        if auth.get_errors():
            return {"refused": f"{auth.get_errors()} {auth.get_last_error_reason()}"}
        return {"go": where}


def main():
    asked = json.loads(sys.argv[1])
    party = {"pysaml2": PySaml2, "python3-saml": Python3Saml}[asked["library"]](asked)
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            if wanted["do"] == "trust":
                said = party.trust(wanted["idp"])
            else:
                said = getattr(party, wanted["do"])(wanted)
        except Exception as error:  # whatever the library raises is its refusal
            said = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(said, default=str), flush=True)


main()
