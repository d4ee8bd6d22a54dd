"""weir cachesim: a table of what caches of several sizes miss, and plain words for mistakes."""
from support import process, weir
from support.case import Case


class CacheSimulation(Case):
    def simulate(self, *arguments):
        return weir.run_weir("cachesim", *arguments)

    def trace(self, text):
        file = process.new_folder("cachesim") / "trace.csv"
        file.write_text(text)
        return file

    def test_a_trace_file_becomes_a_table_for_each_size_and_policy(self):
        lines = [f"/{i % 50},{100 + i % 7}\n" for i in range(2000)]
        file = self.trace("# key,size\n" + "".join(lines))
        status, out, errors = self.simulate(file, "--sizes", "10%,1MiB")
        self.assertEqual(status, 0, errors)
        for word in ("requests missed, %", "bytes missed, %", "LRU", "SIEVE", "S3-FIFO", "weir"):
            self.assertIn(word, out)
        # Everything fits into a mebibyte: only the first request for each object misses.
        everything = [line.split() for line in out.splitlines() if line.startswith("1MiB")]
        self.assertEqual(everything[0][1:], ["2.50"] * 4)

    def test_zipf_is_drawn_without_a_file(self):
        status, out, errors = self.simulate("--zipf", "0.9", "--objects", "2000", "--requests",
                                            "20000", "--sizes", "5%")
        self.assertEqual(status, 0, errors)
        self.assertIn("zipf 0.9: 20000 requests for 2000 objects", out)
        lru, _, _, ours = (float(number) for number in out.splitlines()[3].split()[1:])
        self.assertLess(ours, lru)

    def test_bad_input_is_refused_with_its_place(self):
        for arguments, status, words in (
                ((), 2, "needs a FILE or --zipf"),
                (("/nowhere/trace",), 1, "/nowhere/trace: cannot be opened"),
                ((self.trace("/a 5\n/b five\n"),), 1, "line 2: \"five\" is no size in bytes"),
                ((self.trace("# nothing\n"),), 1, "has no request"),
                (("--zipf", "steep"), 2, "\"steep\" is no exponent"),
                (("--zipf", "1", "--objects", "0"), 2, "--objects"),
                ((self.trace("/a\n"), "--sizes", "200%"), 2, "200%"),
                ((self.trace("/a\n"), "--zipf", "1"), 2, "not both")):
            with self.subTest(arguments=arguments):
                got, _, errors = self.simulate(*arguments)
                self.assertEqual(got, status, errors)
                self.assertIn(words, errors)
