'use strict';
// The page works without scripts. This one updates the countdown and shows document.cookie.
const loaded = Date.now();
const two = (number) => String(number).padStart(2, '0');

for (const clock of document.querySelectorAll('[data-seconds]')) {
  const tick = () => {
    const elapsed = Math.floor((Date.now() - loaded) / 1000);
    const left = Math.max(0, clock.dataset.seconds - elapsed);
    const days = Math.floor(left / 86400);
    const hours = Math.floor(left / 3600) % 24;
    const time = [hours, Math.floor(left / 60) % 60, left % 60].map(two).join(':');
    clock.textContent = (days ? days + clock.dataset.day : '') + time;
  };
  tick();
  setInterval(tick, 1000);
}

const script = document.getElementById('script');
script.querySelector('span').textContent = document.cookie;
script.hidden = false;
