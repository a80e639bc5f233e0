import http.server
import socket
import threading

import pytest

from xinglin.cli.ports import answers, free_port


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) > port
    assert free_port("127.0.0.1", port) == port


def test_no_port_is_made_up() -> None:
    with pytest.raises(OSError, match="no free port"):
        free_port("192.0.2.1", 65535)


def test_a_server_that_answers_is_seen() -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        assert answers(url, seconds=5, alive=lambda: True)
        server.shutdown()
    assert not answers(url, seconds=0.2, alive=lambda: True)


def test_waiting_ends_when_the_server_has_died() -> None:
    assert not answers("http://127.0.0.1:9/", seconds=60, alive=lambda: False)
