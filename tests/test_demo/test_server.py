"""Check the page's server with requests like a browser's."""

import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from urllib.parse import quote

import cv2
import numpy as np
import pytest

from mmhg.demo import DemoServer
from mmhg.demo.handler import Handler
from mmhg.demo.parsing import is_local, megabytes
from mmhg.errors import InputError

from .conftest import HEIGHT, MAX_UPLOAD, WIDTH

BOXES = [[10.0 * number, 5.0, 60.0 + 10 * number, 100.0] for number in range(8)]


def ask(server, path, body=None, **headers):
    """Send a request; return status, headers and content of the answer."""
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def error(answer):
    status, headers, content = answer
    assert headers["Content-Type"] == "application/json"
    return status, json.loads(content)["error"]


def test_the_page_and_its_files(server):
    status, headers, content = ask(server, "/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    page = content.decode()
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")  # nothing from elsewhere
    for name, kind in (("style.css", "text/css"), ("main.js", "text/javascript")):
        assert name in page
        status, headers, content = ask(server, f"/{name}")
        assert status == 200 and headers["Content-Type"].startswith(kind) and content


@pytest.mark.parametrize("path", ["/handler.py", "/../handler.py", "/%2e%2e/handler.py", "/api/x"])
def test_there_is_nothing_else(server, path):
    assert error(ask(server, path)) == (404, f"there is nothing at {path}")
    assert error(ask(server, path, b"x")) == (404, f"there is nothing at {path}")


def test_about(server):
    about = json.loads(ask(server, "/api/about")[2])
    assert about["max_upload"] == MAX_UPLOAD
    assert about["examples"] == [dict(name="my photo.png", box=[20, 10, 100, 90])]
    assert about["stacks"] == 3


def test_examples(server, photo):
    assert ask(server, "/api/examples/0")[2] == photo.read_bytes()
    assert ask(server, "/api/examples/1")[0] == 404


def test_picture(server, photo, image):
    status, headers, content = ask(server, "/api/picture", photo.read_bytes())
    assert status == 200 and headers["Content-Type"] == "image/jpeg"
    assert (headers["X-Width"], headers["X-Height"]) == (str(WIDTH), str(HEIGHT))
    assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == image.shape


def test_pose(server, demo, photo, image):
    name = "Zoë & I.png"
    query = f"box=30,10,110,105&name={quote(name)}"
    answer = json.loads(ask(server, f"/api/pose?{query}", photo.read_bytes())[2])
    assert answer == json.loads(json.dumps(demo(image, [30, 10, 110, 105], name)))
    assert answer["document"]["images"][0]["file_name"] == name
    answer = json.loads(ask(server, "/api/pose", photo.read_bytes())[2])
    assert answer == json.loads(json.dumps(demo(image)))


def test_requests_at_the_same_time_get_their_own_answers(server, demo, photo, image):
    data = photo.read_bytes()
    expected = [demo(image, box)["stacks"] for box in BOXES]
    paths = [f"/api/pose?box={','.join(map(str, box))}" for box in BOXES]
    with ThreadPoolExecutor(len(paths)) as pool:
        answers = list(pool.map(lambda path: ask(server, path, data), paths * 2))
    assert [json.loads(content)["stacks"] for _, _, content in answers] == expected * 2


@pytest.mark.parametrize("path", ["/api/picture", "/api/pose"])
def test_broken_pictures(server, photo, path):
    status, message = error(ask(server, path, photo.read_bytes()[:500]))
    assert status == 422 and "truncated" in message
    status, message = error(ask(server, path, b""))
    assert status == 422 and "not an image" in message


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ("1,2,3", "a box is left,top,right,bottom in px, for example 10,20,110,220; got '1,2,3'"),
        ("a,b,c,d", "a box is left,top,right,bottom"),
        ("5,5,5,9", "has no area"),
        ("900,0,999,9", "lies outside of the image"),
        ("nan,0,9,9", "a box is left,top,right,bottom"),
        ("0,0,inf,9", "a box is left,top,right,bottom"),
        ("-1e308,-1e308,1e308,1e308", "a box is left,top,right,bottom"),
    ],
)
def test_bad_boxes(server, photo, box, message):
    status, told = error(ask(server, f"/api/pose?box={box}", photo.read_bytes()))
    assert status == 422 and message in told


def test_too_large_uploads_get_their_answer(server):
    body = bytes(100 * MAX_UPLOAD)  # far more than fits into the sockets' buffers
    status, message = error(ask(server, "/api/pose", body))
    assert status == 413
    assert message.startswith("this file has 20 MB, the limit is 0.2 MB.")


def test_an_upload_of_the_limit_is_read(server):
    assert ask(server, "/api/picture", bytes(MAX_UPLOAD))[0] == 422
    assert ask(server, "/api/picture", bytes(MAX_UPLOAD + 1))[0] == 413


def test_uploads_of_unknown_length(server):
    assert ask(server, "/api/picture", iter([b"abc"]))[0] == 411


@pytest.mark.parametrize(
    ("length", "status"), [("9" * 5000, 413), ("0" * 5000 + "1", 422), ("-1", 411), ("1e3", 411)]
)
def test_lengths_that_are_none(server, length, status):
    message = f"POST /api/picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\nx"
    assert status_of(server, message) == status


def status_of(server, message):
    """Send a message as it is; return the status of the answer."""
    with socket.create_connection(server.server_address[:2], timeout=20) as connection:
        connection.sendall(message.encode())
        connection.shutdown(socket.SHUT_WR)
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("host", ["[", "[::1", "localhost:port", "localhost:99999", "a]b"])
def test_malformed_hosts(server, host):
    assert status_of(server, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n") == 400


def test_a_malformed_target(server):
    assert status_of(server, "GET http://[/ HTTP/1.1\r\nHost: localhost\r\n\r\n") == 400


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(Handler, "timeout", 0.5)
    monkeypatch.setattr(Handler, "longest_request", 1.0)


def ended_after(connection, drip=None):
    """Wait until the server ends a connection; return the seconds."""
    start = time.monotonic()
    connection.settimeout(0.1)
    while time.monotonic() - start < 10:
        try:
            if drip:
                connection.sendall(drip)
            if not connection.recv(100):
                break
        except TimeoutError:
            pass
        except OSError:
            break
    return time.monotonic() - start


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "begin",
    [b"", b"POST /api/pic", b"POST /api/picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99"],
)
@pytest.mark.parametrize("drip", [None, b"x"])
def test_connections_end(server, begin, drip, capfd):
    """Idle and half-open ones, and those that give a byte now and then."""
    with socket.create_connection(server.server_address[:2]) as connection:
        connection.sendall(begin)
        assert ended_after(connection, drip) < 4
    assert ask(server, "/")[0] == 200
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("hasty")
def test_a_dripping_upload_ends(server):
    head = b"POST /api/picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n"
    with socket.create_connection(server.server_address[:2]) as connection:
        connection.sendall(head)
        assert 0.8 < ended_after(connection, b"x") < 4


def test_many_idle_connections(server):
    idle = [socket.create_connection(server.server_address[:2]) for _ in range(200)]
    assert ask(server, "/")[0] == 200
    for connection in idle:
        connection.close()


def test_one_connection_serves_many_requests(server, photo):
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=60)
    for _ in range(2):
        connection.request("POST", "/api/picture", photo.read_bytes())
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
        assert answer.version == 11
    connection.close()


def test_a_browser_that_goes_away_does_no_harm(server, photo, capfd):
    with socket.create_connection(server.server_address[:2]) as connection:
        connection.sendall(
            b"POST /api/pose HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\nx"
        )
    assert ask(server, "/api/picture", photo.read_bytes())[0] == 200
    assert capfd.readouterr().err == ""


def test_mistakes_of_ours_are_told_apart(server, photo, monkeypatch, capfd):
    monkeypatch.setattr(server, "demo", None)
    status, message = error(ask(server, "/api/pose", photo.read_bytes()))
    assert status == 500 and "something went wrong inside the server" in message
    assert "TypeError" in capfd.readouterr().err


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", ""])
def test_other_names_for_this_machine(server, host):
    assert error(ask(server, "/", Host=host)) == (403, f"open the page at {server.url}")


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:7860"])
def test_names_of_this_machine(server, host):
    assert ask(server, "/", Host=host)[0] == 200


@pytest.mark.parametrize(
    ("site", "status"),
    [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)],
)
def test_other_sites(server, photo, site, status):
    headers = {"Sec-Fetch-Site": site}
    assert ask(server, "/api/picture", photo.read_bytes(), **headers)[0] == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://evil.example", 403),
        ("null", 403),
        ("http://localhost:1", 403),  # another server on this machine
        ("http://{host}", 200),
    ],
)
def test_foreign_origins(server, photo, origin, status):
    host = "{}:{}".format(*server.server_address[:2])
    origin = origin.format(host=host)
    assert ask(server, "/api/picture", photo.read_bytes(), Origin=origin)[0] == status
    assert ask(server, "/api/about", Origin=origin)[0] == status


def test_it_listens_to_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    assert server.is_local
    assert server.url == f"http://127.0.0.1:{server.server_address[1]}/"


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.9", True), ("::1", True), ("0.0.0.0", False), ("x.org", False)],
)
def test_is_local(host, local):
    assert is_local(host) is local


def test_a_server_for_others_answers_to_any_name(demo):
    with DemoServer(demo, host="0.0.0.0", port=0) as server:
        assert not server.is_local
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert ask(server, "/", Host="my-machine.example")[0] == 200
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("port", [-1, 70_000])
def test_ports_that_there_are_not(demo, port):
    with pytest.raises(InputError, match=f"cannot listen at --host 127.0.0.1 --port {port}"):
        DemoServer(demo, port=port)


def test_a_port_that_is_taken(server, demo):
    port = server.server_address[1]
    with pytest.raises(InputError, match="--port 0 takes a free one"):
        DemoServer(demo, port=port)


def test_hosts_that_there_are_not(demo):
    with pytest.raises(InputError, match=r"cannot listen at --host no\.such\.invalid"):
        DemoServer(demo, host="no.such.invalid", port=0)


def test_megabytes():
    assert megabytes(20_000_000) == "20 MB"
    assert megabytes(20_400_000) == "20.4 MB"
