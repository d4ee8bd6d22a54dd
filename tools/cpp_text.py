"""Reads C++ as text: blanks out comments and strings, and finds functions. No parser: formatted
code of this project is what it has to understand."""
import re

TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)
SCOPE = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")
CALL = re.compile(r"([~\w:]+|operator[^(]*)\s*\(")


def without_comments_and_strings(text):
    """The same text with the same lines; an include keeps the name of its file."""
    def blank(match):
        token = match[0]
        if token.startswith('"') and is_include(text, match.start()):
            return token
        return '""' + "\n" * token.count("\n") if token[0] in "\"R'" else "\n" * token.count("\n")
    return TOKEN.sub(blank, text)


def lines_of_raw_strings(text):
    """The numbers of the lines that a raw string stands on."""
    lines = set()
    for match in TOKEN.finditer(text):
        if match[0].startswith("R"):
            first = text.count("\n", 0, match.start()) + 1
            lines.update(range(first, first + match[0].count("\n") + 1))
    return lines


def is_include(text, position):
    line = text[text.rfind("\n", 0, position) + 1:position]
    return re.fullmatch(r"\s*#\s*include\s*", line) is not None


def functions(code):
    """(first line, last line, name) of each function with a body. `code` has no comments."""
    code = without_directives(code)
    found, open_blocks, header = [], [], 0
    for position, character in brackets(code):
        if character == "{":
            text = code[header:position]
            inside = any(kind == "function" for kind, _ in open_blocks)
            kind = "function" if not inside and is_function(text) else "block"
            open_blocks.append((kind, header))
            if kind == "block" or not brace_initialiser(code, position):
                header = position + 1
        elif character == "}" and open_blocks:
            kind, start = open_blocks.pop()
            if kind == "function" and goes_on(code, position):
                header = start
                continue
            if kind == "function":
                found.append(described(code, start, position))
            header = position + 1
        elif character == ";":
            header = position + 1
    return found


def without_directives(code):
    """Macros are not functions: their lines, with continuations, become empty."""
    def empty(match):
        return "\n" * match[0].count("\n")
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", empty, code, flags=re.M)


def brackets(code):
    """Braces, and semicolons that are not inside parentheses (as those of a `for` are)."""
    depth = 0
    for match in re.finditer(r"[{}();]", code):
        character = match[0]
        depth += (character == "(") - (character == ")")
        if character in "{}" or (character == ";" and depth <= 0):
            yield match.start(), character


def is_function(text):
    """Whether a block behind this text is a function's body: `name(...) something`."""
    before_call = text.split("(")[0]
    if "(" not in text or "=" in re.sub(r"operator\s*[=!<>]+", "", before_call):
        return False
    return not SCOPE.search(re.sub(r"template\s*<[^{]*?>\s", "", before_call))


def brace_initialiser(code, position):
    """`: a_{1}` in a constructor opens a brace that is not yet the body."""
    return re.search(r"[:,]\s*[\w:]+$", code[:position].rstrip()[-80:]) is not None


def goes_on(code, position):
    """After `a_{1}` of a constructor comes another initialiser or the body."""
    following = code[position + 1:position + 200].lstrip()
    return following.startswith((",", "{"))


def described(code, start, end):
    begin = start + len(code[start:]) - len(code[start:].lstrip())
    name = CALL.search(code, begin)
    line = code.count("\n", 0, begin) + 1
    return line, code.count("\n", 0, end) + 1, name[1].strip() if name else "a function"
