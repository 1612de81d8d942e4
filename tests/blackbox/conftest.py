"""Fixtures: a scripted provider, the gateway in front of it, and a way to start others."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from gateway import BINARY, PROVIDER_KEY, Gateway  # noqa: E402
from provider import Provider  # noqa: E402

PRICE = {"prompt": "0.0000025", "completion": "0.00001"}


def pytest_sessionstart():
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not built", returncode=2)


def config_for(port, scheme="http", **settings):
    """One provider of each dialect on that port, a model of each."""
    return {
        "listen": "127.0.0.1:0",
        "workers": 2,
        "timeouts": {"drain": "5s"},
        "providers": [
            {"name": "mock", "dialect": "openai", "base_url": f"{scheme}://127.0.0.1:{port}/v1",
             "api_key": PROVIDER_KEY},
            {"name": "mockthropic", "dialect": "anthropic", "base_url": f"{scheme}://127.0.0.1:{port}",
             "api_key": PROVIDER_KEY},
        ],
        "models": [
            {"id": "test/gpt", "aliases": ["gpt-test"], "context_length": 128000,
             "endpoints": [{"provider": "mock", "model": "gpt-real", "pricing": PRICE}]},
            {"id": "test/claude", "context_length": 200000,
             "endpoints": [{"provider": "mockthropic", "model": "claude-sonnet-4-5-20250929", "pricing": PRICE}]},
        ],
    } | settings


@pytest.fixture(scope="session")
def shared_provider():
    provider = Provider()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def shared_gateways(shared_provider, tmp_path_factory):
    """The gateway that most tests share; started again should a test have ended it."""
    started = []

    def current():
        if not started or not started[-1].is_alive:
            started.append(Gateway(tmp_path_factory.mktemp("gateway"), config_for(
                shared_provider.port, test_routes=True, keepalive={"interval": "100ms"})).wait_ready())
        return started[-1]

    yield current
    if started and started[-1].is_alive:
        started[-1].stop()


@pytest.fixture
def provider(shared_provider):
    shared_provider.reset()
    yield shared_provider
    failure, shared_provider.failure = shared_provider.failure, None
    assert failure is None, f"the provider's script failed: {failure!r}"


@pytest.fixture
def gateway(shared_gateways, provider):
    gateway = shared_gateways()
    yield gateway
    assert gateway.is_alive, "the gateway ended:\n" + "\n".join(gateway.stderr[-60:])
    gateway.check_log()


@pytest.fixture
def start(tmp_path, provider):
    """Starts a gateway of the test's own; stopped and checked at the end."""
    started = []

    def start_one(config=None, ready=True, **options):
        gateway = Gateway(tmp_path / f"gateway-{len(started)}", config, **options)
        started.append(gateway)
        return gateway.wait_ready() if ready else gateway

    yield start_one
    for gateway in started:
        if gateway.process.poll() is None:
            gateway.stop()
        else:
            gateway.check_log()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """(certificate, key) for localhost, signed by itself."""
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def node(gateway):
    """Runs a script of js/ against the gateway; gives what it printed."""
    return lambda name, **environment: run_node(gateway, name, environment)


def run_node(gateway, name, environment):
    done = subprocess.run(
        ["node", pathlib.Path(__file__).parent / "js" / name], capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "OPENAI_BASE_URL": gateway.base_url, "OPENAI_API_KEY": gateway.key}
        | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
