"""A relying party made of Authlib, unmodified. One line of JSON asks the tests' browser to go somewhere; one line answers where it ended,
or which form it brought. The last line says what was found out."""

import json
import socket
import sys
import time
from urllib.parse import urlencode

# Names below localhost are this machine (RFC 6761 section 6.3); the system may not know.
asked = socket.getaddrinfo


def resolved(host, *more, **named):
    return asked("127.0.0.1" if str(host).endswith(".localhost") else host, *more, **named)


socket.getaddrinfo = resolved

from authlib.common.security import generate_token  # noqa: E402
from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # noqa: E402
from authlib.oidc.core import CodeIDToken  # noqa: E402
from joserfc import jwt  # noqa: E402
from joserfc.jwk import ECKey, KeySet  # noqa: E402

asked_for = json.loads(sys.argv[1])
ISSUER, CLIENT, REDIRECT = asked_for["issuer"], asked_for["clientId"], asked_for["redirectUri"]
FLOW = asked_for["flow"]
PEM = "-----BEGIN PRIVATE KEY-----\n" + asked_for["pkcs8"] + "\n-----END PRIVATE KEY-----\n"
CLAIMS = json.dumps({"id_token": {"acr": {"essential": True, "values": ["aal3"]}, "auth_time": {"essential": True}}})


def browser(go):
    print(json.dumps({"go": go}), flush=True)
    return json.loads(sys.stdin.readline())


KEY = ECKey.import_key(PEM)
session = OAuth2Session(
    CLIENT, KEY, redirect_uri=REDIRECT, scope="openid", code_challenge_method="S256",
    token_endpoint_auth_method="private_key_jwt",
)
server = session.get(ISSUER + "/.well-known/openid-configuration", withhold_token=True).json()
assert server["issuer"] == ISSUER
session.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"], alg="ES256", headers={"kid": "k1"}))
verifier, nonce = generate_token(48), generate_token(20)
more = {"response_mode": "form_post"} if FLOW == "form_post" else {}
url, state = session.create_authorization_url(
    server["authorization_endpoint"], code_verifier=verifier, nonce=nonce, claims=CLAIMS, **more
)
if FLOW in ("signed", "pushed"):
    from urllib.parse import parse_qsl, urlsplit

    parameters = dict(parse_qsl(urlsplit(url).query))
    if FLOW == "signed":
        now = int(time.time())
        claims = parameters | {
            "iss": CLIENT, "aud": ISSUER, "iat": now, "exp": now + 60, "claims": json.loads(parameters["claims"]),
        }
        request = jwt.encode({"alg": "ES256", "kid": "k1", "typ": "oauth-authz-req+jwt"}, claims, KEY)
        parameters = {"client_id": CLIENT, "request": request}
    else:
        answer = session.request(
            "POST", server["pushed_authorization_request_endpoint"], withhold_token=True, data=parameters,
            auth=session.client_auth("private_key_jwt"),
        )
        assert answer.status_code == 201, answer.text
        parameters = {"client_id": CLIENT, "request_uri": answer.json()["request_uri"]}
    url = server["authorization_endpoint"] + "?" + urlencode(parameters)
came = browser(url)
response = REDIRECT + "?" + came["form"] if "form" in came else came["url"]
tokens = session.fetch_token(
    server["token_endpoint"], authorization_response=response, state=state, code_verifier=verifier
)
keys = KeySet.import_key_set(session.get(server["jwks_uri"], withhold_token=True).json())
decoded = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"])
claims = CodeIDToken(
    decoded.claims, decoded.header,
    options={"iss": {"essential": True, "values": [ISSUER]}, "aud": {"essential": True, "value": CLIENT}},
    params={"nonce": nonce, "client_id": CLIENT, "access_token": tokens["access_token"]},
)
claims.validate()
info = session.get(server["userinfo_endpoint"]).json()
print(json.dumps({"done": {"claims": dict(decoded.claims), "info": info}}), flush=True)
