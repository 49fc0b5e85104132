#!/usr/bin/python3
"""Every text that people read has a translation in every catalogue, and the other way round.

languages_test.py --missing CODE prints the entries that a catalogue lacks, to be filled in.
"""

import collections
import glob
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CATALOGUES = os.path.join(ROOT, "common", "language", "catalogues", "*.po")
LITERAL = r'"(?:[^"\\]|\\.)*"'
LITERALS = rf"{LITERAL}(?:\s+{LITERAL})*"
PLURALS = {"nplurals=2; plural=(n != 1);", "nplurals=2; plural=(n > 1);", "nplurals=1; plural=0;",
           "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);"}

# Texts that a room may not name, so that it has them as literals.
ELSEWHERE = {"kNoNote": "agent/admin/reason.h", "kNoReason": "agent/admin/reason.h"}

problems = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def joined(literals):
    return "".join(part[1:-1] for part in re.findall(LITERAL, literals)) \
        .replace('\\"', '"').replace("\\\\", "\\")


class Code:
    """The texts of all *strings.h, with the names that stand for them."""

    def __init__(self):
        self.texts, self.plurals, self.names = {}, {}, {}
        for path in sorted(glob.glob(os.path.join(ROOT, "**", "*strings.h"), recursive=True)):
            if os.sep + "build" + os.sep not in path:
                self.read(re.sub(r"//[^\n]*", "", read(path)), os.path.relpath(path, ROOT))

    def read(self, source, path):
        for name, literals in re.findall(rf"\bText (k\w+) =\s*({LITERALS});", source):
            self.add(self.texts, name, joined(literals), path)
        for name, one, many in re.findall(
                rf"\bPlural (k\w+)\{{\s*({LITERALS}),\s*({LITERALS})\}};", source):
            self.add(self.plurals, name, (joined(one), joined(many)), path)
        for name, rows in re.findall(r"\bText (k\w+)\[\] = \{(.*?)\};", source, re.S):
            for literal in re.findall(LITERAL, rows):
                self.add(self.texts, name, joined(literal), path)
        for name, rows in re.findall(
                r"\bNamedText (k\w+)\[\] = \{(.*?)\};", source, re.S):
            for text in re.findall(rf"\{{{LITERAL},\s*({LITERAL})\}}", rows):
                self.add(self.texts, name, joined(text), path)
        declared = len(re.findall(r"\b(?:Text|Plural) k\w+\s*(?:=|\{|\[)", source))
        known = sum(1 for where in self.names.values() if where == path)
        tables = len(re.findall(r"NamedText k\w+\[\]", source))
        if known != declared + tables:
            problems.append(f"{path}: {declared + tables} texts are declared, {known} are read")

    def add(self, where, name, text, path):
        if self.names.setdefault(name, path) != path:
            problems.append(f"{path}: {name} stands in {self.names[name]} too")
        if text:
            where[text] = name

    def unused(self):
        sources = "".join(read(path) for folder in ("agent", "common", "collector")
                          for end in ("cc", "h")
                          for path in glob.glob(os.path.join(ROOT, folder, "**", f"*.{end}"),
                                                recursive=True))
        uses = collections.Counter(re.findall(r"\bk\w+", sources))
        for name, path in self.names.items():
            if name in ELSEWHERE:
                text = next(text for text, known in self.texts.items() if known == name)
                if text not in read(os.path.join(ROOT, ELSEWHERE[name])):
                    problems.append(f"{ELSEWHERE[name]}: {name} stands there with other words")
                continue
            if uses[name] < 2:
                problems.append(f"{path}: {name} is used nowhere")


class Catalogue:
    """One .po file: texts, and plurals as (one, many) -> forms."""

    def __init__(self, path):
        self.name, self.texts, self.plurals, self.header = os.path.basename(path), {}, {}, ""
        for entry in re.split(r"\n\s*\n", re.sub(r"^#.*\n?", "", read(path), flags=re.M)):
            fields = [(name, joined(text)) for name, text in
                      re.findall(rf"^(msg\w+(?:\[\d\])?)\s+({LITERALS})", entry, re.M)]
            if fields:
                self.take(fields)

    def take(self, fields):
        ids = [text for name, text in fields if name.startswith("msgid")]
        forms = [text for name, text in fields if name.startswith("msgstr")]
        if ids == [""]:
            self.header = forms[0].replace("\\n", "\n")
            return
        where, key, value = (self.plurals, tuple(ids), forms) if len(ids) == 2 \
            else (self.texts, ids[0], forms[0])
        if key in where:
            problems.append(f"{self.name}: twice: {key}")
        where[key] = value


def places(text):
    """The places of a format by number, as fmt counts them."""
    found = re.findall(r"\{(\d*)\}", text)
    return {int(number) if number else at for at, number in enumerate(found)}


def compare(code, catalogue):
    name = catalogue.name
    for what, theirs, ours in (("text", code.texts, catalogue.texts),
                               ("plural", code.plurals, catalogue.plurals)):
        problems.extend(f"{name}: no translation of {text!r} ({theirs[text]})"
                        for text in theirs if not (text in ours and all(ours[text])))
        problems.extend(f"{name}: no {what} of the code is {text!r}"
                        for text in ours if text not in theirs)
    pairs = [(text, [told]) for text, told in catalogue.texts.items()]
    pairs += [(many, forms) for (_, many), forms in catalogue.plurals.items()]
    for text, forms in pairs:
        for told in forms:
            if places(text) != places(told):
                problems.append(f"{name}: other places: {text!r} {told!r}")
            if (text[:1] == " ") != (told[:1] == " ") or (text[-1:] == " ") != (told[-1:] == " "):
                problems.append(f"{name}: another blank at an end: {text!r} {told!r}")
    check_header(catalogue)


def check_header(catalogue):
    fields = dict(re.findall(r"^([\w-]+): (.*)$", catalogue.header, re.M))
    code = catalogue.name[:-3]
    if fields.get("Language") != code:
        problems.append(f"{catalogue.name}: Language is not {code}")
    for field in ("X-Name", "X-Decimal-Mark", "X-Thousands-Mark", "X-Day"):
        if not fields.get(field):
            problems.append(f"{catalogue.name}: the header lacks {field}")
    rule = fields.get("Plural-Forms", "")
    if rule not in PLURALS:
        problems.append(f"{catalogue.name}: this rule of plurals is not known: {rule}")
        return
    count = int(re.search(r"nplurals=(\d)", rule)[1])
    problems.extend(f"{catalogue.name}: {len(forms)} forms of {ids[0]!r}, not {count}"
                    for ids, forms in catalogue.plurals.items() if len(forms) != count)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def print_missing(code, catalogue):
    for text, name in code.texts.items():
        if text not in catalogue.texts:
            print(f"\n#. {name}\nmsgid {quoted(text)}\nmsgstr \"\"")
    for (one, many), name in code.plurals.items():
        if (one, many) not in catalogue.plurals:
            print(f"\n#. {name}\nmsgid {quoted(one)}\nmsgid_plural {quoted(many)}\n"
                  'msgstr[0] ""\nmsgstr[1] ""')


def main():
    code = Code()
    if len(sys.argv) == 3 and sys.argv[1] == "--missing":
        print_missing(code, Catalogue(os.path.join(os.path.dirname(CATALOGUES),
                                                   f"{sys.argv[2]}.po")))
        return
    for one, many in code.plurals:
        if not places(one) <= places(many):
            problems.append(f"places of {one!r} and {many!r}")
    code.unused()
    catalogues = [Catalogue(path) for path in sorted(glob.glob(CATALOGUES))]
    for catalogue in catalogues:
        compare(code, catalogue)
    for text in problems:
        print(text)
    print(f"languages: {len(code.texts)} texts, {len(code.plurals)} plurals, "
          f"{len(catalogues)} catalogues, {len(problems)} problems")
    sys.exit(1 if problems or not catalogues else 0)


if __name__ == "__main__":
    main()
