"""What names mean to one mentiond: names.c, preloaded."""
import os
import pathlib
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "names.c"


class Names:
    def __init__(self, daemon):
        library = daemon.directory / "names.so"
        self.file = daemon.directory / "names"
        self.out = daemon.directory / "names.out"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True, stdin=subprocess.DEVNULL)
        daemon.env = {"LD_PRELOAD": str(library), "MENTIOND_TEST_NAMES": str(self.file),
                      "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        self.mean()

    def mean(self, **addresses):
        """From now on; desk_test="127.0.0.1 8.8.8.8" is desk.test."""
        new = self.file.with_suffix(".new")
        new.write_text("".join(f"{name.replace('_', '.')} {list}\n" for name, list in addresses.items()))
        new.replace(self.file)

    def asked_outside(self):
        """Addresses of other machines that it tried to reach."""
        return self.out.read_text().split() if self.out.exists() else []
