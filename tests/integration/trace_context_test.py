"""W3C Trace Context through POST /test: what was sent to it, and what its calls say.

The cases are those of the specification's conformance harness, at its strict level.
"""
import json
import re
import string

from support import keys, origin, raw, weir
from support.case import Case

TRACE = "12345678901234567890123456789012"
PARENT = "1234567890123456"
VALID = f"00-{TRACE}-{PARENT}-00"
CONFIG = keys.fixed_answer_site("other.test", "one")
FORM = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")


def line(name, value):
    return f"{name}: {value}\r\n".encode("latin-1")


class TestRoute(Case):
    OPTIONS = {"telemetry.test_route": "true"}

    @classmethod
    def setUpClass(cls):
        cls.called = origin.ScriptedOrigin(origin.answering(origin.plain("{}")))
        cls.addClassCleanup(cls.called.close)
        cls.edge = weir.Weir(options=cls.OPTIONS, config=CONFIG)
        cls.addClassCleanup(cls.edge.end)

    def post(self, body, fields=b"", edge=None):
        return raw.ask((edge or self.edge).port, b"POST /test HTTP/1.1\r\nHost: a\r\n" + fields
                       + line("Content-Length", len(body)) + b"\r\n" + body)

    def call(self, fields=b"", count=1, arguments=()):
        """The calls that one request with these fields leads to."""
        self.called.requests.clear()
        url = f"http://127.0.0.1:{self.called.port}/callback"
        body = json.dumps([{"url": f"{url}/{i}", "arguments": list(arguments)}
                           for i in range(count)]).encode()
        answer = self.post(body, fields)
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([each["status"] for each in json.loads(answer.body)], [200] * count)
        self.assertEqual(len(self.called.requests), count)
        return list(self.called.requests)

    def context(self, *fields):
        """(trace id, parent id, members of tracestate) of one call."""
        (request,) = self.call(b"".join(fields))
        found = FORM.match(request.get("traceparent"))
        self.assertTrue(found, request.get("traceparent"))
        self.assertNotEqual(found[1], "0" * 32)
        self.assertNotEqual(found[2], "0" * 16)
        state = request.get("tracestate") or ""
        members = [member.split("=", 1) for member in state.split(",") if member]
        return found[1], found[2], {key: value for key, value in members if key != "ot"}

    def vendors(self, *states):
        """The members of others that are passed on of these tracestate fields."""
        trace, _, members = self.context(line("traceparent", VALID),
                                         *(line("tracestate", state) for state in states))
        self.assertEqual(trace, TRACE)
        return members


class Traceparent(TestRoute):
    def test_without_a_context_a_trace_begins(self):
        self.assertNotEqual(self.context()[0], TRACE)

    def test_a_valid_one_is_continued_under_another_parent(self):
        for flags in ("00", "01", "03"):
            trace, parent, _ = self.context(line("traceparent", f"00-{TRACE}-{PARENT}-{flags}"))
            self.assertEqual(trace, TRACE)
            self.assertNotEqual(parent, PARENT)

    def test_the_random_flag_is_passed_on_as_it_came(self):
        for flags, passed in (("00", 0), ("02", 2), ("03", 2)):
            (call,) = self.call(line("traceparent", f"00-{TRACE}-{PARENT}-{flags}"))
            self.assertEqual(int(FORM.match(call.get("traceparent"))[3], 16) & 2, passed)

    def test_the_name_may_be_written_in_any_case_but_not_otherwise(self):
        for name in ("TraceParent", "TrAcEpArEnT", "TRACEPARENT"):
            self.assertEqual(self.context(line(name, VALID))[0], TRACE, name)
        for name in ("trace-parent", "trace.parent"):
            self.assertNotEqual(self.context(line(name, VALID))[0], TRACE, name)

    def test_space_around_it_is_none_of_it(self):
        for value in (f" {VALID}", f"\t{VALID}", f"{VALID} ", f"{VALID}\t", f"\t {VALID} \t"):
            self.assertEqual(self.context(line("traceparent", value))[0], TRACE, repr(value))

    def test_two_are_as_good_as_none(self):
        other = VALID.replace("9012-", "9011-")
        trace = self.context(line("traceparent", other), line("traceparent", VALID))[0]
        self.assertNotIn(trace, (TRACE, TRACE[:-1] + "1"))

    def test_of_a_later_version_the_parts_that_we_know_are_read(self):
        for value in (f"cc-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-what-comes-later"):
            self.assertEqual(self.context(line("traceparent", value))[0], TRACE, value)

    def test_what_is_malformed_begins_a_new_trace(self):
        for value in (
                f"{VALID}.", f"{VALID}-what-comes-later", f"cc-{TRACE}-{PARENT}-01.later",
                f"ff-{TRACE}-{PARENT}-01", f".0-{TRACE}-{PARENT}-01", f"0.-{TRACE}-{PARENT}-01",
                f"000-{TRACE}-{PARENT}-01", f"0000-{TRACE}-{PARENT}-01", f"0-{TRACE}-{PARENT}-01",
                f"00-{'0' * 32}-{PARENT}-01", f"00-.{TRACE[1:]}-{PARENT}-01",
                f"00-{TRACE[:-1]}.-{PARENT}-01", f"00-{TRACE}3-{PARENT}-01",
                f"00-{TRACE[:-1]}-{PARENT}-01", f"00-{TRACE}-{'0' * 16}-01",
                f"00-{TRACE}-.{PARENT[1:]}-01", f"00-{TRACE}-{PARENT[:-1]}.-01",
                f"00-{TRACE}-{PARENT}7-01", f"00-{TRACE}-{PARENT[:-1]}-01",
                f"00-{TRACE}-{PARENT}-.0", f"00-{TRACE}-{PARENT}-0.", f"00-{TRACE}-{PARENT}-001",
                f"00-{TRACE}-{PARENT}-1", f"00-{'A' * 32}-{PARENT}-01", f"00-{TRACE}-{'B' * 16}-01",
                f"00-{TRACE}-{PARENT}-0A", "", "00"):
            trace = self.context(line("traceparent", value))[0]
            self.assertFalse(trace.startswith(TRACE[:16]) or trace == "a" * 32, value)


class Tracestate(TestRoute):
    def test_without_a_traceparent_that_can_be_read_it_is_discarded(self):
        for parent in (b"", line("traceparent", f"ff-{TRACE}-{PARENT}-01"),
                       2 * line("traceparent", VALID)):
            self.assertEqual(self.context(parent, line("tracestate", "foo=1,bar=2"))[2], {})

    def test_it_goes_on_with_the_trace(self):
        self.assertEqual(self.vendors("foo=1,bar=2"), {"foo": "1", "bar": "2"})

    def test_the_name_may_be_written_in_any_case_but_not_otherwise(self):
        for name in ("TraceState", "TrAcEsTaTe", "TRACESTATE"):
            members = self.context(line("traceparent", VALID), line(name, "foo=1"))[2]
            self.assertEqual(members, {"foo": "1"}, name)
        for name in ("trace-state", "trace.state"):
            members = self.context(line("traceparent", VALID), line(name, "foo=1"))[2]
            self.assertEqual(members, {}, name)

    def test_empty_fields_and_members_say_nothing(self):
        self.assertEqual(self.vendors(""), {})
        for states in (("foo=1", ""), ("", "foo=1"), ("foo=1,",), (",foo=1",), (" , foo=1, ,",)):
            self.assertEqual(self.vendors(*states), {"foo": "1"}, states)

    def test_several_fields_are_one_list_in_order(self):
        members = self.vendors("foo=1,bar=2", "rojo=1,congo=2", "baz=3")
        self.assertEqual(list(members.items()), [("foo", "1"), ("bar", "2"), ("rojo", "1"),
                                                 ("congo", "2"), ("baz", "3")])

    def test_space_between_members_is_none_of_them(self):
        for state in ("foo=1 \t , \t bar=2, \t baz=3", "foo=1\t \t,\t \tbar=2,\t \tbaz=3"):
            self.assertEqual(self.vendors(state), {"foo": "1", "bar": "2", "baz": "3"})
        for state in (" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"):
            self.assertEqual(self.vendors(state), {"foo": "1"}, repr(state))

    def test_every_character_that_is_allowed_goes_through(self):
        key = string.ascii_lowercase + string.digits + "_-*/"
        value = "".join(chr(c) for c in range(0x20, 0x7f) if chr(c) not in ",=")
        for name in (key, key + "@a-z0-9_-*/"):
            self.assertEqual(self.vendors(f"{name}={value}"), {name: value})

    def test_a_key_twice_discards_all(self):
        for states in (("foo=1,foo=1",), ("foo=1,foo=2",), ("foo=1", "foo=1"), ("foo=1", "foo=2")):
            self.assertEqual(self.vendors(*states), {}, states)

    def test_a_malformed_member_discards_all(self):
        for state in ("foo =1", "FOO=1", "foo.bar=1", "foo@=1,bar=2", "@foo=1,bar=2",
                      "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2", "foo=bar=baz", "foo=,bar=3",
                      "bar=1,foo"):
            self.assertEqual(self.vendors(state), {}, state)

    def test_32_members_go_on_and_33_do_not(self):
        members = [f"bar{i:02}={i:02}" for i in range(1, 34)]
        fields = [",".join(members[i:i + 10]) for i in range(0, 30, 10)]
        (call,) = self.call(line("traceparent", VALID) + b"".join(
            line("tracestate", state) for state in [*fields, "bar31=31,bar32=32"]))
        passed = call.get("tracestate").split(",")
        self.assertEqual((len(passed), passed[1]), (32, "bar01=01"))
        self.assertEqual(self.vendors(*fields, "bar31=31,bar32=32,bar33=33"), {})

    def test_keys_have_their_lengths(self):
        for key in ("z" * 256, "t" * 241 + "@" + "v" * 14):
            self.assertEqual(self.vendors("foo=1", f"{key}=1"), {"foo": "1", key: "1"})
        for key in ("z" * 257, "t" * 242 + "@v", "t@" + "v" * 15):
            self.assertEqual(self.vendors("foo=1", f"{key}=1"), {}, key)

    def test_values_have_their_length(self):
        self.assertEqual(self.vendors("foo=" + "v" * 256), {"foo": "v" * 256})
        self.assertEqual(self.vendors("foo=" + "v" * 257), {})


class SeveralCalls(TestRoute):
    def ids(self, fields):
        found = [FORM.match(call.get("traceparent")) for call in self.call(fields, 3)]
        return {each[1] for each in found}, {each[2] for each in found}

    def test_each_has_a_parent_of_its_own_in_one_trace(self):
        for fields, known in ((line("traceparent", VALID), True), (b"", False),
                              (line("traceparent", f"00-{'0' * 32}-{PARENT}-01"), False)):
            traces, parents = self.ids(fields)
            self.assertEqual((len(traces), len(parents)), (1, 3))
            self.assertEqual(traces == {TRACE}, known)
            self.assertNotIn("0" * 32, traces)

    def test_the_arguments_are_the_body_of_the_call(self):
        arguments = [{"url": "http://127.0.0.1:1/", "arguments": []}]
        (call,) = self.call(arguments=arguments)
        self.assertEqual(json.loads(call.body), arguments)
        self.assertEqual(call.get("content-type"), "application/json")


class Limits(TestRoute):
    def test_only_loopback_addresses_are_called(self):
        for url in ("http://192.0.2.1/", "http://example.org/", "http://[2001:db8::1]/",
                    "https://127.0.0.1/", "ftp://127.0.0.1/", "http://127.0.0.1.nip.io/", "x"):
            answer = self.post(json.dumps([{"url": url, "arguments": []}]).encode())
            self.assertEqual(answer.status, 400, url)

    def test_what_is_no_list_of_calls_is_refused(self):
        one = {"url": "http://127.0.0.1:1/", "arguments": []}
        for body in (b"", b"{}", b"[", b"[1]", b"[] []", b'[{"url": 1, "arguments": []}]',
                     b'[{"url": "http://127.0.0.1:1/"}]',
                     b'[{"url": "http://127.0.0.1:1/", "arguments": {}}]',
                     json.dumps([one] * 17).encode()):
            self.assertEqual(self.post(body).status, 400, body)
        self.assertEqual(self.post(b"[" + b" " * 70_000 + b"]").status, 413)
        self.assertEqual(self.post(b"[]").status, 200)

    def test_a_call_that_fails_is_told(self):
        dead = origin.ScriptedOrigin(origin.answering(b""))
        dead.close()
        answer = self.post(json.dumps([{"url": f"http://localhost:{dead.port}/",
                                        "arguments": []}]).encode())
        self.assertEqual(answer.status, 200)
        self.assertIn("error", json.loads(answer.body)[0])

    def test_calls_are_counted_and_other_methods_go_their_way(self):
        before = float(re.search(r"^edge_test_calls_total (\S+)$", self.edge.metrics(),
                                 re.MULTILINE)[1])
        self.call()
        self.assertIn(f"edge_test_calls_total {before + 1:g}", self.edge.metrics())
        self.assertEqual(self.edge.get("/test")[0], 404)

    def test_it_is_off_unless_set(self):
        edge = self.weir(config=CONFIG)
        self.assertEqual(self.post(b"[]", edge=edge).status, 404)
