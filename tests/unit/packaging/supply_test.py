#!/usr/bin/python3
"""packaging/sbom against what linker and dpkg say, and packaging/advisory against CSAF's rules."""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), *[".."] * 3))
PROGRAMS = sys.argv.pop(1)
PACKAGES = {"tillrelay": ["tillrelay", "tillrelayd"],
            "tillrelay-collector": ["tillrelay-collector"]}
FINDING = """
id = "tlr-2027-001"
title = "A crafted receipt ends the service"
status = "affected"
found = 2027-01-04
what = "A receipt of 4 GiB in one line ends the service; nothing is lost."
todo = "Set limits.file_bytes to 64 MiB or less."
publisher = "Example Stores"
namespace = "https://example.org/advisories"
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def bill_of(package, folder):
    staged = os.path.join(folder, package, "usr/bin")
    os.makedirs(staged, exist_ok=True)
    for name in PACKAGES[package]:
        link = os.path.join(staged, name)
        if not os.path.lexists(link):
            os.symlink(os.path.join(PROGRAMS, name), link)
    made = os.path.join(folder, "source")
    os.makedirs(os.path.join(made, "debian"), exist_ok=True)
    with open(os.path.join(ROOT, "packaging/debian/changelog")) as source, \
            open(os.path.join(made, "debian/changelog"), "w") as target:
        target.write(source.read())
    ran = run(os.path.join(ROOT, "packaging/sbom"), package, os.path.join(folder, package),
              cwd=made, env={**os.environ, "SOURCE_DATE_EPOCH": "1796000000"})
    assert ran.returncode == 0, ran.stderr
    path = os.path.join(folder, package + ".spdx.json")
    with open(path, "w") as file:
        file.write(ran.stdout)
    return path, json.loads(ran.stdout)


class Supply(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.bills = {package: bill_of(package, cls.folder.name) for package in PACKAGES}

    def test_every_linked_library_is_named_with_version_and_licence(self):
        for package, programs in PACKAGES.items():
            bill = self.bills[package][1]
            parts = {part["name"]: part for part in bill["packages"]}
            for name in programs:
                linked = run("ldd", os.path.join(PROGRAMS, name)).stdout
                direct = re.findall(r"\(NEEDED\).*\[(.+)\]",
                                    run("readelf", "-d", os.path.join(PROGRAMS, name)).stdout)
                for library in direct:
                    path = re.search(rf"{re.escape(library)} => (\S+)", linked)
                    if not path:
                        continue  # the loader itself
                    real = os.path.realpath(path[1])
                    asked = run("dpkg-query", "-S", real, real.removeprefix("/usr"))
                    owner = asked.stdout.split(":")[0]
                    version = run("dpkg-query", "-W", "-f", "${Version}\n", owner).stdout.split()[0]
                    self.assertEqual(parts[owner]["versionInfo"], version, owner)
            for part in bill["packages"]:
                self.assertNotIn(part["licenseDeclared"], ("", "NOASSERTION"), part["name"])

    def test_a_library_of_unknown_licence_stops_the_build(self):
        with open(os.path.join(ROOT, "packaging/sbom")) as file:
            source = file.read().replace('"openssl": ', '"closedssl": ')
        changed = os.path.join(self.folder.name, "sbom")
        with open(changed, "w") as file:
            file.write(source)
        ran = run("/usr/bin/python3", changed, "tillrelay",
                  os.path.join(self.folder.name, "tillrelay"),
                  cwd=os.path.join(self.folder.name, "source"),
                  env={**os.environ, "SOURCE_DATE_EPOCH": "1796000000"})
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("no licence is known for openssl", ran.stderr)

    def advise(self, finding):
        path = os.path.join(self.folder.name, "finding.toml")
        with open(path, "w") as file:
            file.write(finding)
        bills = [path for path, _ in self.bills.values()]
        return run(os.path.join(ROOT, "packaging/advisory"), path, *bills)

    def consistent(self, finding):
        """The mandatory members and tests of CSAF 2.0 that a finding can break."""
        ran = self.advise(finding)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        said = json.loads(ran.stdout)
        document = said["document"]
        for member in ("category", "csaf_version", "publisher", "title", "tracking", "notes",
                       "references"):
            self.assertIn(member, document)
        tracking = document["tracking"]
        self.assertEqual(tracking["revision_history"][-1]["number"], tracking["version"])
        self.assertLessEqual(tracking["initial_release_date"], tracking["current_release_date"])
        known = set()

        def walk(branches):
            for branch in branches:
                if "product" in branch:
                    self.assertNotIn(branch["product"]["product_id"], known, "defined twice")
                    known.add(branch["product"]["product_id"])
                walk(branch.get("branches", []))
        walk(said["product_tree"]["branches"])
        for entry in said["vulnerabilities"]:
            self.assertTrue("cve" in entry or entry.get("ids"))
            named = [set(ids) for ids in entry["product_status"].values()]
            self.assertTrue(named and all(named))
            for ids in named:
                self.assertLessEqual(ids, known)
            self.assertEqual(sum(map(len, named)), len(set().union(*named)), "two states of one")
            if "known_affected" in entry["product_status"]:
                self.assertTrue(entry["remediations"], "an action is owed to whoever is affected")
            if "known_not_affected" in entry["product_status"]:
                self.assertTrue(entry["flags"], "why not is owed as well")
        return said

    def test_findings_of_every_status(self):
        own = self.consistent(FINDING)
        self.assertEqual(own["document"]["category"], "csaf_security_advisory")
        fixed = self.consistent(FINDING.replace('"affected"', '"fixed"') + 'fixed_in = "9.9.9"\n' +
                                'revision = 2\nchanged = 2027-02-01\nscore = 7.5\n'
                                'vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"\n')
        status = fixed["vulnerabilities"][0]["product_status"]
        self.assertEqual(status["fixed"], ["tillrelay-9.9.9", "tillrelay-collector-9.9.9"])
        library = self.consistent(
            FINDING.replace('"affected"', '"not-affected"') + 'component = "libssl3"\n'
            'cve = "CVE-2027-12345"\nreason = "vulnerable_code_not_in_execute_path"\n')
        self.assertEqual(library["document"]["category"], "csaf_vex")
        self.consistent(FINDING.replace('"affected"', '"under-investigation"'))

    def test_what_is_missing_or_unknown_is_refused(self):
        broken = {
            "status is one of": FINDING.replace('"affected"', '"probably fine"'),
            "todo is missing": FINDING.replace("todo =", "#"),
            "no member of a finding": FINDING + "severety = 3\n",
            "reason is one of": FINDING.replace('"affected"', '"not-affected"'),
            "fixed_in is the version": FINDING.replace('"affected"', '"fixed"'),
            "cve is written": FINDING + 'cve = "2027-1"\n',
            "does not hold": FINDING + 'component = "libnever1"\n',
            "score and vector": FINDING + "score = 7.5\n",
            "https address": FINDING.replace("https://", "http://"),
        }
        for said, finding in broken.items():
            ran = self.advise(finding)
            self.assertNotEqual(ran.returncode, 0, said)
            self.assertIn(said, ran.stderr)


if __name__ == "__main__":
    unittest.main()
