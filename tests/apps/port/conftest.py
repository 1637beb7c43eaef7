"""Leave the tests of these apps to the tests of the port."""

collect_ignore_glob = ['*']
