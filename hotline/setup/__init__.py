"""Setting the system up: environments, models, database, knowledge and front end, each step resumable.

`bootstrap`, `interpreters`, `package_sources`, `environments`, `stamps` and `failures` use the standard library alone:
they run before any environment exists, under whatever `python3` the machine has (3.7 or newer).
"""
