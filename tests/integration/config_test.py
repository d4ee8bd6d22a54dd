"""The configuration: what is wrong is named with its place, and the nearest right key."""
import json
import os
import socket

from support import certificates, keys, process, weir
from support.case import Case


def nested(key, value):
    """`a.b.c` as YAML."""
    parts = key.split(".")
    lines = ["  " * depth + f"{part}:" for depth, part in enumerate(parts)]
    return "\n".join(lines) + f" {value}\n"


class Config(Case):
    def check(self, text, *arguments, environment=None):
        file = process.new_folder("config") / "weir.yaml"
        file.write_text(text)
        status, out, errors = weir.run_weir("config", "check", "--config", file, *arguments,
                                            environment=environment)
        return status, out + errors

    def refused(self, text, *words, arguments=(), environment=None):
        status, said = self.check(text, *arguments, environment=environment)
        self.assertNotEqual(status, 0, said)
        for word in words:
            self.assertIn(word, said)

    def test_a_sound_configuration_passes(self):
        status, said = self.check(keys.fixed_answer_site("a.test", "x"))
        self.assertEqual(status, 0, said)

    def test_a_check_refuses_what_a_start_refuses_and_takes_its_flags(self):
        for text in ("", "edge: {}\n"):
            self.refused(text, "nothing to serve", "--origin")
        status, said = self.check("", "--origin", "http://127.0.0.1:1")
        self.assertEqual(status, 0, said)
        logs = "otlp:\n  logs:\n    endpoint: https://127.0.0.1:1\n    ca_file: /nowhere/ca.pem\n"
        self.refused(logs, "127.0.0.1:1", arguments=("--origin", "http://127.0.0.1:1"))

    def test_what_a_url_may_hide_is_in_no_message(self):
        for url in ("http://t/x?user=a@b&key=SECRET", "http://u:SECRET?SECRET@t/x?k=SECRET"):
            name = "OTEL_EXPORTER_OTLP_ENDPOINT"
            for arguments, environment in ((("--set", f"otlp.endpoint={url}"), None),
                                           ((), {name: url})):
                with self.subTest(url, environment=environment):
                    status, said = self.check("", *arguments, environment=environment)
                    self.assertNotEqual(status, 0)
                    self.assertIn("otlp.endpoint: ", said)
                    self.assertNotIn("SECRET", said)

    def test_an_unknown_key_is_named_with_its_line_and_the_nearest_key(self):
        wrong = keys.HEAD_TIMEOUT[:-1]
        depth = keys.HEAD_TIMEOUT.count(".") + 1
        self.refused(nested(wrong, "1s"), f"weir.yaml:{depth}", wrong.rsplit(".")[-1],
                     keys.HEAD_TIMEOUT.rsplit(".", maxsplit=1)[-1])

    def test_a_bad_value_is_named_with_its_line_and_key(self):
        depth = keys.HEAD_TIMEOUT.count(".") + 1
        self.refused(nested(keys.HEAD_TIMEOUT, "soon"), f"weir.yaml:{depth}", keys.HEAD_TIMEOUT)

    def test_a_value_out_of_bounds_says_the_bounds(self):
        self.refused(nested(keys.HEAD_TIMEOUT, "-1s"), keys.HEAD_TIMEOUT)

    def test_broken_yaml_is_named_with_its_line(self):
        self.refused("edge:\n  sites: [\n", "weir.yaml:")

    def test_all_faults_are_told_at_once(self):
        self.refused("nonsense_one: 1\nnonsense_two: 2\n", "nonsense_one", "nonsense_two")

    def test_a_missing_file_is_named(self):
        status, out, errors = weir.run_weir("config", "check", "--config", "/nowhere/weir.yaml")
        self.assertNotEqual(status, 0)
        self.assertIn("/nowhere/weir.yaml", out + errors)

    def test_files_that_settings_name_are_looked_at(self):
        folder = process.new_folder("files")
        short = folder / "short"
        short.write_text("secret\n")
        plain = folder / "plain"
        plain.write_text("no certificate\n")
        nowhere = folder / "nowhere" / "file"
        origin, tls = "edge.origin.url=https://127.0.0.1:1", "edge.listen_tls=127.0.0.1:0"
        for setting, value, *others in (
                ("admin.token_file", nowhere), ("admin.token_file", short),
                ("telemetry.access_log.path", nowhere), ("telemetry.access_log.path", folder),
                ("edge.tls.certificate", plain, f"edge.tls.key={plain}", tls),
                ("edge.tls.certificate", nowhere, f"edge.tls.key={nowhere}", tls),
                ("edge.origin.tls.ca_file", nowhere, origin),
                ("runtime.data", plain / "below"),
                ("edge.cache.disk.bytes", "1GiB")):
            with self.subTest(f"{setting}={value}"):
                words = [word for other in others for word in ("--set", other)]
                self.refused("", setting if "origin" not in setting else "127.0.0.1:1",
                             arguments=("--set", f"{setting}={value}", *words))

    def test_a_body_that_cannot_be_read_is_told_with_its_line(self):
        folder = process.new_folder("body")
        site = "edge:\n  sites:\n    - host: a.test\n      respond:\n        body_file: "
        wanted = "weir.yaml:5:20: edge.sites[0].respond.body_file: "
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        for body, problem in ((folder / "none", "No such file or directory"),
                              (folder, "not a regular file"), (pipe, "not a regular file"),
                              ("/dev/zero", "not a regular file")):
            with self.subTest(body):
                self.refused(f"{site}{body}\n", f"{wanted}{body}: {problem}\n")
        edge = self.weir(config=keys.fixed_answer_site("a.test", "x"))
        edge.config.write_text(f"{site}{pipe}\n")
        status, _, body = edge.get("/config/reload", edge.admin, method="POST")
        self.assertEqual(status, 422)
        self.assertIn(f"{wanted}{pipe}: not a regular file", json.loads(body)["problems"])
        self.assertEqual(edge.stop(), 0)

    def started(self, text, *arguments):
        """What `weir edge` says of a configuration that it cannot start with."""
        file = process.new_folder("config") / "weir.yaml"
        file.write_text(text)
        status, _, errors = weir.run_weir("edge", "--config", file, "--admin", "127.0.0.1:0",
                                          *arguments)
        self.assertNotEqual(status, 0)
        return errors

    def test_a_check_and_a_start_tell_the_same_place(self):
        folder = process.new_folder("places")
        plain = folder / "plain"
        plain.write_text("no directory\n")
        site = keys.fixed_answer_site("a.test", "x")
        for key, value, place in (("runtime.cores", 1023, "9:10"),
                                  ("runtime.data", plain / "below", "9:9"),
                                  (keys.ACCESS_LOG, folder, "10:11")):
            with self.subTest(key):
                text = site + nested(key, value)
                wanted = f"weir.yaml:{place}: {key}: "
                self.refused(text, wanted)
                self.assertIn(wanted, self.started(text, "--listen", "127.0.0.1:0"))

    def test_an_address_that_is_taken_is_told_with_its_line(self):
        taken = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(taken.close)
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = self.started(keys.fixed_answer_site("a.test", "x") + f"  listen: {address}\n")
        self.assertIn(f"weir.yaml:8:11: edge.listen: cannot listen on {address}: ", said)
        self.assertIn("--listen", said)

    def test_files_that_are_sound_pass(self):
        authority = certificates.Authority()
        certificate, key = authority.issue("server", "edge.test")
        folder = process.new_folder("files")
        token = folder / "token"
        token.write_text("0123456789abcdef0123\n")
        log = folder / "access.log"
        sets = {"admin.token_file": token, "edge.tls.certificate": certificate,
                "edge.tls.key": key, "edge.listen_tls": "127.0.0.1:0",
                "telemetry.access_log.path": log,
                "edge.origin.url": "https://127.0.0.1:1",
                "edge.origin.tls.ca_file": authority.path,
                "runtime.data": folder / "made" / "later"}
        words = [word for name, value in sets.items() for word in ("--set", f"{name}={value}")]
        status, said = self.check("", *words)
        self.assertEqual(status, 0, said)
        self.assertFalse(log.exists() or (folder / "made").exists(), "a check leaves nothing")

    def test_cores_that_are_not_there_are_named_and_so_is_every_other_fault(self):
        self.refused("", "runtime.cores", "1023", "admin.token_file",
                     arguments=("--set", "runtime.cores=1023",
                                "--set", "admin.token_file=/nowhere/token"))

    def test_set_is_checked_like_the_file(self):
        self.refused("", "--set", keys.HEAD_TIMEOUT,
                     arguments=("--set", f"{keys.HEAD_TIMEOUT[:-1]}=1s"))

    def test_the_environment_is_checked_like_the_file(self):
        name = "WEIR_" + keys.HEAD_TIMEOUT.upper().replace(".", "_")
        self.refused("", name, environment={name: "soon"})

    def test_print_shows_the_value_that_wins(self):
        file = process.new_folder("config") / "weir.yaml"
        file.write_text(nested(keys.HEAD_TIMEOUT, "11s"))
        name = "WEIR_" + keys.HEAD_TIMEOUT.upper().replace(".", "_")
        command = ("config", "print", "--config", file)
        self.assertIn("11s", weir.run_weir(*command)[1])
        self.assertIn("12s", weir.run_weir(*command, environment={name: "12s"})[1])
        status, out, _ = weir.run_weir(*command, "--set", f"{keys.HEAD_TIMEOUT}=13s",
                                       environment={name: "12s"})
        self.assertEqual(status, 0)
        self.assertIn("13s", out)
        self.assertNotIn("12s", out)

    def test_what_print_shows_is_a_configuration_again(self):
        status, out, errors = weir.run_weir("config", "print", "--origin", "http://127.0.0.1:1")
        self.assertEqual(status, 0, errors)
        status, said = self.check(out)
        self.assertEqual(status, 0, said)

    def test_explain_says_what_a_key_does(self):
        status, out, _ = weir.run_weir("config", "explain", keys.HEAD_TIMEOUT)
        self.assertEqual(status, 0)
        self.assertIn(keys.HEAD_TIMEOUT, out)
        self.assertGreater(len(out.split()), 10)

    def test_explain_of_an_unknown_key_names_the_nearest(self):
        status, out, errors = weir.run_weir("config", "explain", keys.HEAD_TIMEOUT[:-1])
        self.assertNotEqual(status, 0)
        self.assertIn(keys.HEAD_TIMEOUT, out + errors)


class CommandLine(Case):
    def test_help_names_the_services(self):
        status, out, _ = weir.run_weir("--help")
        self.assertEqual(status, 0)
        for word in ("up", "edge", "load", "config"):
            self.assertRegex(out, rf"\b{word}\b")

    def test_help_of_a_service_names_its_flags(self):
        status, out, _ = weir.run_weir("edge", "--help")
        self.assertEqual(status, 0)
        for flag in ("--config", "--listen", "--origin", "--admin", "--data", "--cores", "--set"):
            self.assertIn(flag, out)

    def test_an_unknown_service_is_an_error_that_names_it(self):
        status, _, errors = weir.run_weir("egde")
        self.assertNotEqual(status, 0)
        self.assertIn("egde", errors)
        self.assertIn("edge", errors)

    def test_an_unknown_flag_is_an_error_that_names_it(self):
        status, _, errors = weir.run_weir("edge", "--lisen", "127.0.0.1:1")
        self.assertNotEqual(status, 0)
        self.assertIn("--lisen", errors)

    def test_a_broken_address_is_an_error_that_names_it(self):
        status, _, errors = weir.run_weir("edge", "--listen", "127.0.0.1:http")
        self.assertNotEqual(status, 0)
        self.assertIn("127.0.0.1:http", errors)
