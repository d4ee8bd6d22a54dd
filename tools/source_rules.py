"""The line patterns that check_source.py refuses, each with what to write instead."""
import dataclasses
import re

TESTS = r"(_test|_fuzz|_bench)\.cc$|^tests/|^bench/"


@dataclasses.dataclass(frozen=True)
class Rule:
    """`pattern` is refused in files whose path matches `where` and not `but_not`."""
    name: str
    pattern: re.Pattern
    message: str
    where: str = ""
    but_not: str = r"^$"

    def covers(self, path):
        return bool(re.search(self.where, path)) and not re.search(self.but_not, path)


def rule(name, pattern, message, where="", but_not=r"^$"):
    return Rule(name, re.compile(pattern), message, where, but_not)


# Searched in C++ from which comments and the contents of strings are gone.
CPP_RULES = (
    # Shared by reference: what is immutable (const), and what is made of atomics alone.
    rule("shared-ptr", r"\bshared_ptr<(?!const |(net::)?OriginShare>)", "one owner: a value, "
         "unique_ptr, or a reference that the Task outlives", r"^src/(net|runtime|edge|wire)/",
         TESTS),
    rule("using-namespace", r"\busing\s+namespace\s+std\s*;", "write std:: where it is meant"),
    rule("endl", r"\bstd::endl\b", "write '\\n'; flushing is a decision of its own"),
    rule("rand", r"\bs?rand\s*\(", "weir::Random (base/random.h): it has a seed to replay"),
    rule("sleep", r"(?<![\w>])::sleep\s*\(|\b(usleep|nanosleep|sleep_for|sleep_until)\s*\(",
         "await a timer of the reactor: a shard never blocks", r"^src/", TESTS),
    rule("printf", r"\b(std::)?(printf|fprintf|vprintf|vfprintf|puts|fputs|perror)\s*\(",
         "only cli/ talks to a terminal: return a Result, or write a log record",
         r"^src/", TESTS + r"|^src/cli/|^src/base/assert\.cc$"),
    rule("throw", r"\bthrow\b", "return a Result (base/result.h); a bug is a WEIR_ASSERT"),
    rule("catch", r"\bcatch\s*\(", "only an adapter to a library that throws may catch: say which "
         "with allow(catch)", r"^src/", TESTS),
    rule("iostream", r"#\s*include\s*<iostream>", "it costs static constructors in every program: "
         "cli/ writes with fwrite, the rest returns values"),
    rule("std-function", r"\bstd::function\b", "it allocates and hides a lifetime: a template, a "
         "function pointer, or a coroutine", r"^src/(net|edge|wire)/", TESTS),
    rule("mutex", r"\bstd::(mutex|shared_mutex|condition_variable|lock_guard|unique_lock)\b",
         "shards talk through mailboxes; no lock on a request's way",
         r"^src/(net|edge|wire)/", TESTS),
    rule("pure", r"#\s*include\s*<(sys/|netinet/|unistd|fcntl|thread|mutex|fstream|ctime)",
         "rules and codecs do no I/O and read no clock: facts come in as arguments",
         r"^src/(wire/|[a-z]+/rules/)", TESTS),
    rule("assert", r"\bassert\s*\(", "WEIR_ASSERT (base/assert.h) is on in release too",
         r"^src/", TESTS),
)

# Searched in every source file as it stands.
TEXT_RULES = (
    rule("unfinished", r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", "finish it, or describe what is "
         "missing where users look"),
    rule("tab", "\t", "indent with spaces"),
    rule("trailing-space", r"[ \t]+$", "spaces at the end of a line"),
    # Examples in a comment are indented by three spaces and more, and so are not meant.
    rule("dead-code", r"^\s*// ?((if|for|while|switch) ?\(.*\{|"
         r"(return|co_return|co_await|auto|const|delete|#include)\b[^.]*;|"
         r"[\w:.>\-\[\]]+\([^.]*\);|[\w:.>\-\[\]]+ [-+|&]?= [^.]*;|[{}])$", "commented-out "
         "code: delete it, history has it; an example is indented by three spaces",
         r"\.(h|cc)$"),
)
