"""How the gateway proves to clouds who it is: logins, signatures, keys.

One scripted provider plays the cloud and the services that hand out its credentials.  What is signed
is verified here with nothing but Python's standard library.
"""
import base64
import datetime
import hashlib
import hmac
import json
import re
import subprocess
import time
import urllib.parse

import pytest

from answers import ANTHROPIC, OPENAI
from gateway import PROVIDER_KEY
from provider import PATIENCE_S, Closed, say_hello

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GEMINI = "vertex/gemini-2.5-flash"
CLAUDE_ON_BEDROCK = "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"
AWS_KEY = {"access_key_id": "AKIAEXAMPLE00000001", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY"}
SESSION_TOKEN = "IQoJb3JpZ2luX2VjE/session+token=="


def config(port, provider, **settings):
    """One worker, since each has logins of its own."""
    return {"listen": "127.0.0.1:0", "workers": 1, "timeouts": {"drain": "5s", "credential": "2s"},
            "providers": [{"base_url": f"http://127.0.0.1:{port}"} | provider]} | settings


def is_login(request):
    return not any(word in request.path for word in ("/v1/", "/model/", "/openai", "/v1beta/"))


class Cloud:
    """The provider's script for a while: a service of logins, and a provider that may mind them."""

    def __init__(self, provider, grants):
        self.provider = provider
        self.grants = list(grants)  # what the service answers, in turn; the last one stays
        self.refusals = []  # what the provider refuses first, in turn: (status, body)
        provider.script = self.answer

    async def answer(self, exchange):
        if is_login(exchange.request):
            grant = self.grants.pop(0) if len(self.grants) > 1 else self.grants[0]
            status, body = grant if isinstance(grant, tuple) else (200, grant)
            await exchange.reply(status, body)
        elif self.refusals:
            await exchange.reply(*self.refusals.pop(0))
        else:
            await say_hello(exchange)

    @property
    def logins(self):
        return [request for request in self.provider.requests if is_login(request)]

    @property
    def calls(self):
        return [request for request in self.provider.requests if not is_login(request)]


def token(number, life_s=3600):
    return {"access_token": f"ya29.token-{number}", "token_type": "Bearer", "expires_in": life_s}


def assert_says_hello(answer):
    assert answer.status == 200, answer.body
    assert answer.json["choices"][0]["message"]["content"] == "Hello there!"


def assert_tells_no(secrets, answer):
    text = answer.body.decode() + str(answer.headers)
    for secret in secrets:
        assert secret not in text


# ---- Google -------------------------------------------------------------------------------------

@pytest.fixture(scope="session")
def service_account(tmp_path_factory):
    """(private key as PEM, modulus, public exponent)"""
    path = tmp_path_factory.mktemp("service-account") / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path],
                   check=True, capture_output=True)
    shown = subprocess.run(["openssl", "rsa", "-in", path, "-noout", "-modulus"], check=True, capture_output=True,
                           text=True).stdout
    return path.read_text(), int(shown.strip().partition("=")[2], 16), 65537


def login_file(folder, kind, port, **members):
    path = folder / f"{kind}.json"
    path.write_text(json.dumps({"type": kind, "token_uri": f"http://127.0.0.1:{port}/token"} | members))
    return str(path)


@pytest.fixture
def start_vertex(start, provider, service_account, tmp_path):
    """A gateway with a service account's file, in front of the provider."""
    def start_one(token_port=None, **more):
        path = login_file(tmp_path, "service_account", token_port or provider.port, project_id="acme",
                          client_email="gateway@acme.iam.gserviceaccount.com", private_key_id="key-7",
                          private_key=service_account[0])
        gateway = start(config(provider.port, {"name": "vertex", "location": "us-east5", "credentials_file": path}
                               | more))
        gateway.secrets += [service_account[0].split("\n")[1], "ya29.token"]
        return gateway
    return start_one


def decode_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def verify_rs256(signed, signature, modulus, exponent):
    """RFC 8017 8.2.2: the signature's encoded message is the one that we expect."""
    digest_info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed).digest()
    length = (modulus.bit_length() + 7) // 8
    expected = b"\x00\x01" + b"\xff" * (length - 3 - len(digest_info)) + b"\x00" + digest_info
    assert len(signature) == length
    assert pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(length, "big") == expected


def test_a_service_account_signs_for_a_token(start_vertex, provider, service_account):
    cloud = Cloud(provider, [token(1)])
    gateway = start_vertex()
    assert_says_hello(gateway.chat(GEMINI))
    login, call = provider.requests

    assert (login.method, login.path) == ("POST", "/token")
    assert login.headers["content-type"] == "application/x-www-form-urlencoded"
    assert "authorization" not in login.headers
    form = urllib.parse.parse_qs(login.body.decode(), strict_parsing=True)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    [assertion] = form["assertion"]
    head, claims, signature = assertion.split(".")
    assert json.loads(decode_base64url(head)) == {"alg": "RS256", "typ": "JWT", "kid": "key-7"}
    claims_read = json.loads(decode_base64url(claims))
    assert claims_read["iss"] == "gateway@acme.iam.gserviceaccount.com" and claims_read["scope"] == SCOPE
    assert claims_read["aud"] == f"http://127.0.0.1:{provider.port}/token"
    assert abs(claims_read["iat"] - time.time()) < 60
    assert claims_read["exp"] - claims_read["iat"] == 3600
    verify_rs256(f"{head}.{claims}".encode(), decode_base64url(signature), *service_account[1:])

    assert call.headers["authorization"] == "Bearer ya29.token-1"
    assert call.path == ("/v1/projects/acme/locations/us-east5/publishers/google/models/gemini-2.5-flash"
                         ":generateContent")
    assert len(cloud.logins) == 1


def test_one_token_serves_many_requests_and_dialects(start_vertex, provider):
    cloud = Cloud(provider, [token(1), token(2)])
    gateway = start_vertex()
    for _ in range(3):
        assert_says_hello(gateway.chat(GEMINI))
    assert gateway.chat(GEMINI, stream=True).text == "Hello there!"
    assert_says_hello(gateway.chat("vertex/claude-sonnet-4-5@20250929"))
    assert len(cloud.logins) == 1 and len(cloud.calls) == 5
    assert {call.headers["authorization"] for call in cloud.calls} == {"Bearer ya29.token-1"}
    assert cloud.calls[-1].path == ("/v1/projects/acme/locations/us-east5/publishers/anthropic/models/"
                                    "claude-sonnet-4-5@20250929:rawPredict")


def test_requests_that_come_together_wait_for_one_token(start_vertex, provider):
    gate = provider.gate()
    cloud = Cloud(provider, [token(1)])

    async def slow(exchange):
        if is_login(exchange.request):
            await gate.passed()
        await cloud.answer(exchange)

    provider.script = slow
    gateway = start_vertex()
    body = gateway.raw_request({"model": GEMINI, "messages": [{"role": "user", "content": "hi"}]})
    socks = [gateway.connect() for _ in range(4)]
    for sock in socks:
        sock.sendall(body)
    provider.wait_for_requests(1)
    gone = socks.pop()
    gone.close()  # who waits may go away
    gate.open()
    for sock in socks:
        with sock:
            assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200")
    assert len(cloud.logins) == 1


def test_a_token_that_is_refused_is_renewed_once(start_vertex, provider):
    cloud = Cloud(provider, [token(1), token(2)])
    gateway = start_vertex()
    assert_says_hello(gateway.chat(GEMINI))
    cloud.refusals = [(401, {"error": {"code": 401, "message": "Request had invalid authentication credentials.",
                                       "status": "UNAUTHENTICATED"}})]
    assert_says_hello(gateway.chat(GEMINI))
    assert [call.headers["authorization"] for call in cloud.calls] == [
        "Bearer ya29.token-1", "Bearer ya29.token-1", "Bearer ya29.token-2"]
    assert len(cloud.logins) == 2


def test_a_fresh_token_that_is_refused_too_is_an_error(start_vertex, provider):
    cloud = Cloud(provider, [token(1), token(2), token(3)])
    cloud.refusals = [(401, {"error": {"code": 401, "message": "no", "status": "UNAUTHENTICATED"}})] * 2
    answer = start_vertex().chat(GEMINI)
    assert answer.status == 502 and answer.error["metadata"]["error_type"] == "provider_unavailable"
    assert len(cloud.logins) == 2 and len(cloud.calls) == 2
    assert_tells_no(["ya29"], answer)


def test_a_token_that_ends_at_once_is_renewed(start_vertex, provider):
    """Before its end: with a life of one second there is no time to spare."""
    cloud = Cloud(provider, [token(1, life_s=1), token(2)])
    gateway = start_vertex()
    assert_says_hello(gateway.chat(GEMINI))
    deadline = time.monotonic() + PATIENCE_S
    while cloud.calls[-1].headers["authorization"] != "Bearer ya29.token-2":
        assert time.monotonic() < deadline
        assert_says_hello(gateway.chat(GEMINI))
    assert len(cloud.logins) == 2


@pytest.mark.parametrize("grant, words", [
    ((400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature. ya29.leak"}), "invalid_grant"),
    ((500, "<html>oops ya29.leak</html>"), "it answered 500"),
    ((200, {"token_type": "Bearer", "access_token": "ya29.bad\r\nX-Evil: 1"}), "its answer cannot be read"),
    ((200, "nonsense ya29.leak"), "its answer cannot be read"),
])
def test_a_token_service_that_gives_none_is_told_of_and_not_asked_again_at_once(start_vertex, provider, grant, words):
    cloud = Cloud(provider, [grant])
    gateway = start_vertex()
    for _ in range(3):
        answer = gateway.chat(GEMINI)
        assert answer.status == 502 and answer.error["metadata"]["error_type"] == "provider_unavailable"
        assert "cannot log in" in answer.error["message"] and words in answer.error["message"]
        assert_tells_no(["ya29", "PRIVATE KEY", "assertion"], answer)
    assert len(cloud.logins) == 1 and cloud.calls == []
    assert gateway.row(answer.id)["status"] == 502


def test_a_token_service_that_is_down_is_an_error_without_secrets(start_vertex, provider):
    closed = Closed()
    try:
        answer = start_vertex(token_port=closed.port).chat(GEMINI, stream=True)
    finally:
        closed.stop()
    assert answer.status == 502 and "it cannot be reached" in answer.error["message"]
    assert_tells_no([str(closed.port), "PRIVATE KEY", "key-7"], answer)
    assert provider.requests == []


def test_a_token_service_that_says_nothing_is_not_waited_for_long(start, provider, service_account, tmp_path):
    async def waits(exchange):
        await exchange.gone()

    provider.script = waits
    path = login_file(tmp_path, "service_account", provider.port, project_id="acme", client_email="a@b",
                      private_key_id="k", private_key=service_account[0])
    gateway = start(config(provider.port, {"name": "vertex", "credentials_file": path},
                           timeouts={"drain": "5s", "credential": "200ms"}))
    answer = gateway.chat(GEMINI)
    assert answer.status == 502 and "it did not answer in time" in answer.error["message"]


def test_another_endpoint_serves_while_a_login_fails(start, provider, service_account, tmp_path):
    path = login_file(tmp_path, "service_account", provider.port, project_id="acme", client_email="a@b",
                      private_key_id="k", private_key=service_account[0])
    cloud = Cloud(provider, [(503, {})])
    both = config(provider.port, {"name": "vertex", "credentials_file": path})
    both["providers"].append({"name": "mock", "dialect": "openai", "api_key": PROVIDER_KEY,
                              "base_url": f"http://127.0.0.1:{provider.port}/v1"})
    both["models"] = [{"id": "test/two", "endpoints": [{"provider": "vertex", "model": "gemini-2.5-flash"},
                                                       {"provider": "mock", "model": "gpt-real"}]}]
    answer = start(both).chat("test/two")
    assert_says_hello(answer)
    assert answer.json["provider"] == "mock" and len(cloud.logins) == 1


def test_a_users_login_is_refreshed(start, provider, tmp_path):
    cloud = Cloud(provider, [token(1)])
    path = login_file(tmp_path, "authorized_user", provider.port, client_id="id.apps", client_secret="GOCSPX-s/3cret",
                      refresh_token="1//refresh+me")
    gateway = start(config(provider.port, {"name": "vertex", "project": "acme"}),
                    environment={"GOOGLE_APPLICATION_CREDENTIALS": path})
    gateway.secrets += ["GOCSPX-s/3cret", "1//refresh+me", "ya29.token"]
    assert_says_hello(gateway.chat(GEMINI))
    [login] = cloud.logins
    assert urllib.parse.parse_qs(login.body.decode(), strict_parsing=True) == {
        "grant_type": ["refresh_token"], "client_id": ["id.apps"], "client_secret": ["GOCSPX-s/3cret"],
        "refresh_token": ["1//refresh+me"]}
    [call] = cloud.calls
    assert call.headers["authorization"] == "Bearer ya29.token-1"
    assert call.path.startswith("/v1/projects/acme/locations/global/")


def test_the_metadata_server_knows_the_machines_account(start, provider):
    async def answer(exchange):
        is_machine = exchange.request.path.startswith("/computeMetadata/")
        await (exchange.reply(200, token(1)) if is_machine else say_hello(exchange))

    provider.script = answer
    gateway = start(config(provider.port, {"name": "vertex", "project": "acme", "credentials": "metadata"}),
                    environment={"GCE_METADATA_HOST": f"127.0.0.1:{provider.port}"})
    gateway.secrets.append("ya29.token")
    assert_says_hello(gateway.chat(GEMINI))
    login, call = provider.requests
    assert (login.method, login.path) == ("GET", "/computeMetadata/v1/instance/service-accounts/default/token")
    assert login.headers["metadata-flavor"] == "Google"
    assert call.headers["authorization"] == "Bearer ya29.token-1"


# ---- AWS ----------------------------------------------------------------------------------------

def sign(request, region, secret, service="bedrock"):
    """The value that the request's Authorization should have (AWS, "Create a signed AWS API request")."""
    fields = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\S+?)/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})",
                          request.headers["authorization"])
    key_id, scope, names, _ = fields.groups()
    when = request.headers["x-amz-date"]
    path, _, query = request.path.partition("?")
    canonical = "\n".join([
        request.method,
        "/".join(urllib.parse.quote(segment, safe="-._~") for segment in path.split("/")),
        "&".join(sorted(query.split("&"))) if query else "",
        *(f"{name}:{' '.join(request.headers[name].split())}" for name in names.split(";")),
        "",
        names,
        hashlib.sha256(request.body).hexdigest(),
    ])
    key = ("AWS4" + secret).encode()
    for part in (when[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    scope = f"{when[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", when, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def assert_is_signed(request, key, session_token=None, region="eu-west-1"):
    authorization = request.headers["authorization"]
    assert authorization == sign(request, region, key["secret_access_key"])
    assert f"Credential={key['access_key_id']}/" in authorization
    names = re.search(r"SignedHeaders=([^,]+)", authorization)[1].split(";")
    assert names == sorted(names) and {"host", "x-amz-date", "content-type"} <= set(names)
    when = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs((when - now).total_seconds()) < 60
    assert request.headers.get("x-amz-security-token") == session_token
    assert ("x-amz-security-token" in names) == (session_token is not None)


def start_bedrock(start, provider, environment=None, **members):
    gateway = start(config(provider.port, {"name": "bedrock", "region": "eu-west-1"} | members),
                    environment=environment)
    gateway.secrets += [AWS_KEY["secret_access_key"], SESSION_TOKEN]
    return gateway


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("session_token", [None, SESSION_TOKEN])
def test_requests_to_bedrock_are_signed(start, provider, stream, session_token):
    gateway = start_bedrock(start, provider, **AWS_KEY,
                            **({"session_token": session_token} if session_token else {}))
    answer = gateway.chat(CLAUDE_ON_BEDROCK, stream=stream, text="grüße")
    assert answer.status == 200, answer.body
    [request] = provider.requests
    assert request.path == ("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/"
                            + ("converse-stream" if stream else "converse"))
    assert_is_signed(request, AWS_KEY, session_token)
    if stream:
        assert answer.text == "Hello there!"


def test_an_arn_is_signed_too(start, provider):
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2c3"
    assert_says_hello(start_bedrock(start, provider, **AWS_KEY).chat(f"bedrock/{arn}"))
    assert provider.last.path == f"/model/{urllib.parse.quote(arn, safe='')}/converse"
    assert_is_signed(provider.last, AWS_KEY)


def test_keys_of_the_environment_and_of_a_profile_sign(start, provider, tmp_path):
    environment = {"AWS_ACCESS_KEY_ID": AWS_KEY["access_key_id"], "AWS_SESSION_TOKEN": SESSION_TOKEN,
                   "AWS_SECRET_ACCESS_KEY": AWS_KEY["secret_access_key"]}
    assert_says_hello(start_bedrock(start, provider, environment).chat(CLAUDE_ON_BEDROCK))
    assert_is_signed(provider.last, AWS_KEY, SESSION_TOKEN)

    shared = tmp_path / "credentials"
    shared.write_text("[default]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n[work]\n"
                      + "".join(f"aws_{name} = {value}\n" for name, value in AWS_KEY.items()))
    gateway = start_bedrock(start, provider, {"AWS_SHARED_CREDENTIALS_FILE": str(shared)}, profile="work")
    assert_says_hello(gateway.chat(CLAUDE_ON_BEDROCK))
    assert_is_signed(provider.last, AWS_KEY)


def in_an_hour():
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def aws_grant(number):
    return {"AccessKeyId": f"ASIAGRANT{number}", "SecretAccessKey": f"granted/secret+{number}",
            "Token": f"granted-token-{number}", "Expiration": in_an_hour()}


def key_of(grant):
    return {"access_key_id": grant["AccessKeyId"], "secret_access_key": grant["SecretAccessKey"]}


def test_a_container_hands_out_keys(start, provider, tmp_path):
    first, second = aws_grant(1), aws_grant(2)
    cloud = Cloud(provider, [first, second])
    (tmp_path / "token").write_text("Basic container-secret\n")
    gateway = start_bedrock(start, provider, {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{provider.port}/get-credentials?role=a",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")})
    gateway.secrets += ["container-secret", "granted/secret", "granted-token"]
    for _ in range(3):
        assert_says_hello(gateway.chat(CLAUDE_ON_BEDROCK))
    [login] = cloud.logins
    assert (login.method, login.path) == ("GET", "/get-credentials?role=a")
    assert login.headers["authorization"] == "Basic container-secret"
    for call in cloud.calls:
        assert_is_signed(call, key_of(first), first["Token"])

    cloud.refusals = [(403, {"message": "The security token included in the request is expired"})]
    assert_says_hello(gateway.chat(CLAUDE_ON_BEDROCK))
    assert len(cloud.logins) == 2
    assert_is_signed(cloud.calls[-1], key_of(second), second["Token"])


def test_an_instance_hands_out_keys_for_a_session(start, provider):
    """IMDSv2: a token by PUT, the role's name, its keys; each with the token."""
    grant = aws_grant(1) | {"Code": "Success", "Type": "AWS-HMAC"}
    steps = {("PUT", "/latest/api/token"): "imds-session==",
             ("GET", "/latest/meta-data/iam/security-credentials/"): "my-role",
             ("GET", "/latest/meta-data/iam/security-credentials/my-role"): grant}

    async def machine(exchange):
        body = steps.get((exchange.request.method, exchange.request.path))
        await (say_hello(exchange) if body is None else exchange.reply(200, body))

    provider.script = machine
    gateway = start_bedrock(start, provider, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{provider.port}"},
                            credentials="instance")
    gateway.secrets += ["imds-session", "granted/secret", "granted-token"]
    assert_says_hello(gateway.chat(CLAUDE_ON_BEDROCK))
    assert_says_hello(gateway.chat(CLAUDE_ON_BEDROCK))
    session, role, keys, *calls = provider.requests
    assert [(r.method, r.path) for r in (session, role, keys)] == list(steps)
    assert int(session.headers["x-aws-ec2-metadata-token-ttl-seconds"]) > 0
    assert role.headers["x-aws-ec2-metadata-token"] == keys.headers["x-aws-ec2-metadata-token"] == "imds-session=="
    assert len(calls) == 2
    for call in calls:
        assert_is_signed(call, key_of(grant), grant["Token"])


def test_a_machine_without_a_role_is_an_error(start, provider):
    async def machine(exchange):
        is_session = exchange.request.method == "PUT"
        await exchange.reply(200 if is_session else 404, "imds-session==" if is_session else "")

    provider.script = machine
    answer = start_bedrock(start, provider,
                           {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{provider.port}"},
                           credentials="instance").chat(CLAUDE_ON_BEDROCK)
    assert answer.status == 502 and "cannot log in" in answer.error["message"]
    assert "imds-session" not in answer.body.decode()


def test_a_clock_that_is_wrong_is_corrected_by_awss_own(start, provider):
    ahead = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=2)
    refusals = [1]

    async def answer(exchange):
        if refusals:
            refusals.pop()
            await exchange.reply(403, {"message": "Signature expired: 20260101T000000Z is now earlier than"},
                                 {"Date": ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")})
        else:
            await say_hello(exchange)

    provider.script = answer
    assert_says_hello(start_bedrock(start, provider, **AWS_KEY).chat(CLAUDE_ON_BEDROCK))
    before, after = provider.requests
    assert_is_signed(before, AWS_KEY)
    assert after.headers["authorization"] == sign(after, "eu-west-1", AWS_KEY["secret_access_key"])
    assert after.headers["x-amz-date"][:11] == ahead.strftime("%Y%m%dT%H")


# ---- Keys ---------------------------------------------------------------------------------------

PLAIN = {
    "gemini": ({"name": "gemini"}, "gemini/gemini-2.5-flash", {"x-goog-api-key": PROVIDER_KEY},
               "/v1beta/models/gemini-2.5-flash:generateContent"),
    "bedrock": ({"name": "bedrock", "region": "us-east-1"}, CLAUDE_ON_BEDROCK,
                {"authorization": f"Bearer {PROVIDER_KEY}"},
                "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"),
    "azure": ({"name": "azure", "api_version": "2024-10-21"}, "azure/my-gpt", {"api-key": PROVIDER_KEY},
              "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"),
    "azure-v1": ({"name": "azure"}, "azure/my-gpt", {"api-key": PROVIDER_KEY}, "/openai/v1/chat/completions"),
    "anthropic": ({"name": "anthropic"}, "anthropic/claude-sonnet-4-5", {"x-api-key": PROVIDER_KEY}, "/v1/messages"),
}
PROOFS = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token"}


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_key_goes_where_its_provider_looks(start, provider, name):
    members, model, proof, path = PLAIN[name]
    gateway = start(config(provider.port, members | {"api_key": PROVIDER_KEY}))
    assert_says_hello(gateway.chat(model))
    assert {field: value for field, value in provider.last.headers.items() if field in PROOFS} == proof
    assert provider.last.path == path
    assert PROVIDER_KEY not in provider.last.path and PROVIDER_KEY.encode() not in provider.last.body


@pytest.mark.parametrize("variable, name", [("GEMINI_API_KEY", "gemini"), ("AWS_BEARER_TOKEN_BEDROCK", "bedrock"),
                                            ("AZURE_OPENAI_API_KEY", "azure-v1"), ("ANTHROPIC_API_KEY", "anthropic")])
def test_a_key_of_the_environment_does_as_well(start, provider, variable, name):
    members, model, proof, _ = PLAIN[name]
    assert_says_hello(start(config(provider.port, members), environment={variable: PROVIDER_KEY}).chat(model))
    assert {field: value for field, value in provider.last.headers.items() if field in PROOFS} == proof


KEYS = ["sk-first-0123456789abcdef", "sk-second-0123456789abcdef", "sk-third-0123456789abcdef"]


def start_keys(start, provider, keys=KEYS):
    gateway = start(config(provider.port, {"name": "mock", "dialect": "openai", "api_keys": keys,
                                           "base_url": f"http://127.0.0.1:{provider.port}/v1"}))
    gateway.secrets += keys
    return gateway


def keys_seen(provider):
    return [request.headers["authorization"].removeprefix("Bearer ") for request in provider.requests]


def refuses(status, message="no", code=None):
    async def script(exchange):
        await exchange.reply(status, OPENAI.refusal(message, code))
    return script


@pytest.mark.parametrize("status, code", [(401, "invalid_api_key"), (429, "rate_limit_exceeded"),
                                          (429, "insufficient_quota"), (402, None), (403, None)])
@pytest.mark.parametrize("stream", [False, True])
def test_a_key_that_is_refused_makes_way_for_the_next(start, provider, status, code, stream):
    provider.in_turn(refuses(status, f"Incorrect API key provided: {KEYS[0]}.", code), say_hello)
    gateway = start_keys(start, provider)
    answer = gateway.chat("mock/gpt-real", stream=stream)
    assert answer.status == 200
    assert (answer.text if stream else answer.json["choices"][0]["message"]["content"]) == "Hello there!"
    assert keys_seen(provider) == KEYS[:2]
    assert gateway.row(answer.id)["attempts"] == 2
    assert_tells_no(KEYS, answer)


@pytest.mark.parametrize("status, want", [(401, 502), (429, 429)])
def test_keys_that_are_all_refused_are_one_error(start, provider, status, want):
    provider.script = refuses(status, "Incorrect API key provided. You can find your key in the settings.")
    answer = start_keys(start, provider).chat("mock/gpt-real")
    assert answer.status == want and answer.error["code"] == want
    assert keys_seen(provider) == KEYS
    assert_tells_no(KEYS, answer)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_what_is_not_the_keys_fault_is_asked_with_no_other(start, provider, status):
    provider.script = refuses(status)
    assert start_keys(start, provider).chat("mock/gpt-real").status >= 400
    assert keys_seen(provider) == KEYS[:1]


def test_a_provider_that_repeats_the_key_does_not_put_it_into_answer_or_log(start, provider):
    gateway = start(config(provider.port, {"name": "anthropic", "api_key": PROVIDER_KEY}))
    provider.replies(401, ANTHROPIC.refusal(f"invalid x-api-key {PROVIDER_KEY}", "authentication_error"))
    answer = gateway.chat("anthropic/claude-sonnet-4-5")
    assert answer.status == 502
    assert PROVIDER_KEY not in answer.body.decode()
