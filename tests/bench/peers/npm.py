# SPDX-License-Identifier: MIT
"""A program from npm, installed into the build folder, where it stays for the next run.

What is asked for is pinned in its package.json here; where it comes from is what npm is set to on this machine.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess

from peer import FOLDER

HERE = pathlib.Path(__file__).resolve().parent
WITHIN = int(os.environ.get("PEERS_INSTALL", "900"))      # seconds


class Package:
    """name: the folder here with its package.json, and the package that it asks for.  program: what node is to run of it."""

    def __init__(self, name, program):
        self.name, self.source, self.folder = name, HERE / name / "package.json", FOLDER / name
        self.program = self.folder / "node_modules" / name / program

    def _wanted(self):
        return json.loads(self.source.read_text())["dependencies"][self.name]

    def _is_there(self):
        """npm's own record is the last that an installation writes."""
        try:
            record = json.loads((self.folder / "node_modules/.package-lock.json").read_text())
            return record["packages"][f"node_modules/{self.name}"]["version"] == self._wanted()
        except (FileNotFoundError, KeyError):
            return False

    def why_not(self):
        """Installs it if need be; why it is not there, or None."""
        for program in "node", "npm":
            if not shutil.which(program):
                return f"{program} is not there"
        if not self._is_there():
            self.folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.source, self.folder)
            print(f"installing {self.name} {self._wanted()} with npm", flush=True)
            log = self.folder / "npm.log"
            try:
                with open(log, "wb") as out:
                    # Without a lock, which would name a registry.
                    subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out, timeout=WITHIN, check=True)
            except subprocess.TimeoutExpired:
                return f"npm did not install it within {WITHIN} s (PEERS_INSTALL)"
            except subprocess.CalledProcessError as e:
                said = log.read_text(errors="replace").splitlines()
                reasons = [line for line in said if re.match(r"npm (error|ERR!) (gyp ERR!|network|notsup|code|\S+: )", line)]
                return f"npm ended with status {e.returncode}: {reasons[0] if reasons else 'without a reason'} (see {log})"
        # Each says itself which node it wants.
        p = subprocess.run(["node", self.program, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, errors="replace",
                           env={**os.environ, "N8N_USER_FOLDER": str(self.folder)})      # n8n's alone; else it writes into $HOME
        if p.returncode != 0:
            return f"it does not run here: {' '.join(p.stdout.split())[:300]}"
        return None
