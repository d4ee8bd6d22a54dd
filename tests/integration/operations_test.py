"""What operators do, and what they see when it goes wrong: tokens, profiles, restarts, managers."""
import json
import os
import signal
import socket
import subprocess
import time

from support import keys, origin, process, raw, weir
from support.case import Case

TOKEN = "a-token-of-many-letters"


class AdminAccess(Case):
    def with_token(self):
        file = process.new_folder("token") / "token"
        file.write_text(TOKEN + "\n")
        return self.behind(origin.echoing_target, options={"admin.token_file": file})[0]

    def test_with_a_token_set_pages_need_it_and_health_does_not(self):
        edge = self.with_token()
        self.assertEqual(edge.get("/health/live", edge.admin)[0], 200)
        status, fields, _ = edge.get("/metrics", edge.admin)
        self.assertEqual((status, fields["www-authenticate"]), (401, "Bearer"))
        wrong = {"Authorization": f"Bearer {TOKEN}x"}
        self.assertEqual(edge.get("/config", edge.admin, headers=wrong)[0], 401)
        right = {"Authorization": f"Bearer {TOKEN}"}
        self.assertEqual(edge.get("/config", edge.admin, headers=right)[0], 200)

    def test_an_exposed_admin_listener_without_a_token_is_refused(self):
        status, _, errors = weir.run_weir("edge", "--admin", "0.0.0.0:0", "--origin",
                                          "http://127.0.0.1:9", "--listen", "127.0.0.1:0")
        self.assertNotEqual(status, 0)
        self.assertIn("admin.token_file", errors)

    def test_a_name_that_is_not_ours_opens_nothing(self):
        edge, _ = self.behind(origin.echoing_target)
        foreign = {"Host": "rebound.example.org"}
        self.assertEqual(edge.get("/config", edge.admin, headers=foreign)[0], 421)
        self.assertEqual(edge.get("/config", edge.admin, headers={"Host": "localhost:1"})[0], 200)

    def test_reload_needs_post(self):
        edge, _ = self.behind(origin.echoing_target)
        status, fields, _ = edge.get("/config/reload", edge.admin)
        self.assertEqual((status, fields["allow"]), (405, "POST"))


class AdminPages(Case):
    def test_a_reload_answers_what_changed_and_what_waits_for_a_restart(self):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one"))
        edge.config.write_text(keys.fixed_answer_site("a.test", "two") +
                               "runtime:\n  pin: false\n")
        status, _, body = edge.get("/config/reload", edge.admin, method="POST")
        answer = json.loads(body)
        self.assertEqual((status, answer["accepted"]), (200, True))
        self.assertEqual([change["key"] for change in answer["needs_restart"]], ["runtime.pin"])
        self.assertIn("edge.sites[0].respond.body", [c["key"] for c in answer["changed"]])
        edge.config.write_text("edge:\n  no_such_key: 1\n")
        status, _, body = edge.get("/config/reload", edge.admin, method="POST")
        self.assertEqual((status, json.loads(body)["accepted"]), (422, False))
        self.assertIn("no_such_key", json.loads(body)["problems"])
        self.assertEqual(edge.get("/", headers={"Host": "a.test"})[2], b"two")

    def test_a_profile_shows_functions_of_the_program_under_load(self):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one"))
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        profile = subprocess.Popen(["curl", "-s", f"http://127.0.0.1:{edge.admin}"
                                    "/debug/profile/cpu?seconds=1"], stdout=subprocess.PIPE)
        request = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
        client.send(request)
        client.read_response()
        response_bytes = client.received
        while profile.poll() is None:
            client.send(request * 1000)
            client.read_exactly(1000 * response_bytes)
        stacks = profile.stdout.read().decode()
        profile.stdout.close()
        self.assertRegex(stacks, r"(?m)^weir/\d;.*weir::.* \d+$")

    def test_profiles_are_bounded_and_one_at_a_time(self):
        edge, _ = self.behind(origin.echoing_target)
        for seconds in ("0", "61", "x", "-1"):
            path = f"/debug/profile/cpu?seconds={seconds}"
            self.assertEqual(edge.get(path, edge.admin)[0], 400, seconds)
        first = raw.connect(edge.admin)
        self.addCleanup(first.close)
        first.send(b"GET /debug/profile/cpu?seconds=60 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        process.wait_until(
            lambda: edge.get("/debug/profile/cpu?seconds=1", edge.admin)[0] == 409, 5, "409")
        self.assertEqual(edge.status_of("/health/ready", edge.admin), 200)
        self.assertEqual(edge.stop(), 0)

    def test_a_heap_report_is_there_or_says_why_not(self):
        edge, _ = self.behind(origin.echoing_target)
        status, _, body = edge.get("/debug/profile/heap", edge.admin)
        self.assertIn(status, (200, 501))
        self.assertIn(b"jemalloc", body)

    def test_every_metric_stands_on_the_reference_page(self):
        edge, _ = self.behind(origin.echoing_target)
        edge.get("/")
        status, page, _ = weir.run_weir("docs", "metrics")
        self.assertEqual(status, 0)
        names = [line.split(" ")[2] for line in edge.metrics().splitlines()
                 if line.startswith("# TYPE ")]
        self.assertEqual([name for name in names if f"`{name}`" not in page], [])


class Draining(Case):
    def slow(self):
        def answer(connection, _request):
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n")
            time.sleep(20)
        edge, _ = self.behind(answer)
        client = raw.connect(edge.port)
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.read_head()
        return edge

    def test_readiness_is_503_on_the_admin_listener_while_it_drains(self):
        edge = self.slow()
        edge.signal(signal.SIGTERM)
        process.wait_until(lambda: edge.status_of("/health/ready", edge.admin) == 503, 5, "503")
        self.assertEqual(edge.status_of("/health/live", edge.admin), 200)
        edge.signal(signal.SIGTERM)
        self.assertEqual(edge.wait(10), 0)

    def test_a_second_ctrl_c_closes_at_once(self):
        edge = self.slow()
        edge.signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertTrue(edge.running())
        started = time.monotonic()
        edge.signal(signal.SIGINT)
        self.assertEqual(edge.wait(10), 0)
        self.assertLess(time.monotonic() - started, 2)


class FailedRestart(Case):
    def test_a_successor_that_cannot_start_leaves_the_old_program_serving(self):
        edge = self.weir(config=keys.fixed_answer_site("a.test", "one"))
        edge.config.write_text("nonsense: 1\n")
        edge.signal(signal.SIGUSR2)
        process.wait_until(lambda: "this one goes on" in edge.output(), 10, "the failure")
        self.assertIn("exit status 2", edge.output())
        self.assertEqual(edge.get("/", headers={"Host": "a.test"})[2], b"one")
        edge.config.write_text(keys.fixed_answer_site("a.test", "two"))
        edge.signal(signal.SIGUSR2)
        self.assertEqual(edge.wait(20), 0)
        self.assertEqual(edge.get("/", headers={"Host": "a.test"})[2], b"two")
        for pid in edge.group():
            os.kill(pid, signal.SIGTERM)
        process.wait_until(lambda: not edge.group(), 20, "the end of the successor")


class Managed(Case):
    """Under a service manager such as systemd."""

    def start(self, command, environment, keep=()):
        started = subprocess.Popen(command, env=process.environment_with(environment),
                                   pass_fds=keep, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(started.wait)
        self.addCleanup(started.kill)
        return started

    def test_the_manager_is_told_when_it_is_ready_reloads_and_stops(self):
        path = str(process.new_folder("notify") / "socket")
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(path)
        manager.settimeout(10)
        command = [weir.BINARY, "edge", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                   "--origin", "http://127.0.0.1:9"]
        started = self.start(command, {"NOTIFY_SOCKET": path})
        self.assertIn(f"READY=1\nMAINPID={started.pid}\n".encode(), manager.recv(4096))
        started.send_signal(signal.SIGHUP)
        self.assertIn(b"RELOADING=1\nMONOTONIC_USEC=", manager.recv(4096))
        self.assertIn(b"READY=1", manager.recv(4096))
        started.send_signal(signal.SIGTERM)
        self.assertIn(b"STOPPING=1", manager.recv(4096))
        self.assertEqual(started.wait(10), 0)

    def test_sockets_that_the_manager_opened_are_served(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        command = ["bash", "-c", f"exec 3<&{listener.fileno()}; LISTEN_PID=$$ exec \"$0\" \"$@\"",
                   weir.BINARY, "edge", "--admin", "127.0.0.1:0", "--origin",
                   "http://127.0.0.1:9"]
        self.start(command, {"LISTEN_FDS": "1"}, (listener.fileno(),))
        port = listener.getsockname()[1]
        answer = raw.ask(port, b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(answer.status, 200)


class Crashing(Case):
    def test_a_crash_leaves_a_report_and_dies_of_its_signal(self):
        edge, _ = self.behind(origin.echoing_target)
        edge.signal(signal.SIGSEGV)
        self.assertEqual(edge.wait(10), -signal.SIGSEGV)
        self.assertIn("crashed: SIGSEGV", edge.output())
        reports = list(edge.data.glob("crash-*.txt"))
        self.assertEqual(len(reports), 1)
        self.assertIn("crashed: SIGSEGV", reports[0].read_text())
