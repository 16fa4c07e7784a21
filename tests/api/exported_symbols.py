"""Proves: libpawl.so exports exactly the functions that include/pawl/pawl.h declares.

Usage: exported_symbols.py NM LIBRARY HEADER
"""
import re
import subprocess
import sys


def main():
    nm, library, header = sys.argv[1:]
    listing = subprocess.run([nm, "-D", "--defined-only", library], check=True,
                             capture_output=True, text=True).stdout
    exported = {line.split()[-1] for line in listing.splitlines() if line.strip()}
    with open(header, encoding="utf-8") as file:
        declared = set(re.findall(r"PAWL_EXPORT[^;(]*?(pawl_\w+)\(", file.read()))
    if not declared:
        sys.exit("no declarations found: has the form of the header changed?")
    for name in sorted(exported - declared):
        print(f"exported and not declared: {name}")
    for name in sorted(declared - exported):
        print(f"declared and not exported: {name}")
    sys.exit(exported != declared)


if __name__ == "__main__":
    main()
