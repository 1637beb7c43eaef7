"""A process that starts another one and prints its id."""

import subprocess
import time

print('the child is', subprocess.Popen(['sleep', '60']).pid, flush=True)
time.sleep(60)
