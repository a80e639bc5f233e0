"""The server as processes: workers, signals, metrics of all, loopback only."""

import json
import socket
import threading
import time

import httpx
import psutil  # type: ignore[import-untyped]  # ships no types

from tests.server.running import running
from tests.server.served import SLOW_S


def test_a_running_server_drains_on_sigterm_and_leaves_no_process(postgres_dsn: str) -> None:
    with running(postgres_dsn, WORKERS="2") as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len([one for one in family if "python" in one.name().lower() or "xinglin" in one.name().lower()]) >= 2
        answers: list[httpx.Response] = []
        clients = [
            threading.Thread(target=lambda: answers.append(httpx.get(f"{server.root}/slow", timeout=10)))
            for _ in range(4)
        ]
        for client in clients:
            client.start()
        time.sleep(SLOW_S / 3)
        assert server.stop() == 0
        for client in clients:
            client.join()
        assert [answer.text for answer in answers] == ["done"] * 4
        assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        lines = [json.loads(line) for line in server.log.read_bytes().splitlines() if line.startswith(b"{")]
        assert any(line["event"] == "request" and line["route"] == "/health/ready" for line in lines)


def test_metrics_add_up_all_workers(postgres_dsn: str) -> None:
    with running(postgres_dsn, WORKERS="2", LOG_LEVEL="warning") as server:
        for number in range(30):
            httpx.get(f"{server.fhir}/Patient/p{number}")
        wanted = 'xinglin_requests_total{method="GET",route="T/I",status="404"} 30.0'
        for _ in range(40):
            if wanted in httpx.get(f"{server.root}/metrics").text:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(httpx.get(f"{server.root}/metrics").text)


def test_the_developer_is_known_on_loopback_only(postgres_dsn: str) -> None:
    with running(postgres_dsn, WORKERS="1", LOG_LEVEL="warning") as server:
        assert httpx.get(f"{server.fhir}/Patient").status_code == 200
        for headers in ({"host": "evil.example"}, {"origin": "http://evil.example"}, {"origin": "null"}):
            assert httpx.get(f"{server.fhir}/Patient", headers=headers).status_code == 401
    with running(postgres_dsn, WORKERS="1", LOG_LEVEL="warning", DEV_PRINCIPAL="off") as server:
        assert httpx.get(f"{server.fhir}/Patient").status_code == 401


def test_raw_rubbish_on_the_socket_never_fails_the_server(postgres_dsn: str) -> None:
    with running(postgres_dsn, WORKERS="1", LOG_LEVEL="warning") as server:
        host, port = server.root.removeprefix("http://").split(":")
        for rubbish in (
            b"\x00\x01\x02\r\n\r\n",
            b"GET /fhir/Patient/%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /fhir/Patient?name=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /fhir/Patient?name=\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /fhir/Patient/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET /fhir/Patient HTTP/1.1\r\n\r\n",
            b"POST /fhir/Basic HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{",
            b"POST /fhir/Patient HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ):
            with socket.create_connection((host, int(port)), timeout=5) as connection:
                connection.sendall(rubbish)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(65_536)
                assert not answer.startswith(b"HTTP/1.1 5"), (rubbish, answer)
        assert httpx.get(f"{server.root}/health/live").status_code == 200
