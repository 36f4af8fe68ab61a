# Included by the Makefile.

.PHONY: wheel test-python bench-python

# The Python package, for every Python and Linux with glibc 2.17 or newer, into target/wheels.
wheel:
	tests/tools.sh python
	bindings/python/wheel.py

# bindings/python on the oldest and the newest Python of the machine.
test-python: lib wheel
	tests/tools.sh python
	bindings/python/tests/run.py

# Beside websockets, wsproto, picows, aiohttp and uvicorn in one run.
bench-python: lib
	tests/tools.sh python
	benches/python/run.py
