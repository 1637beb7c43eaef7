'use strict';
// The page works without scripts. This one updates the countdown and shows document.cookie.
const loadedAt = Date.now();
const twoDigits = (number) => String(number).padStart(2, '0');

for (const clock of document.querySelectorAll('[data-seconds]')) {
  const tick = () => {
    const elapsed = Math.floor((Date.now() - loadedAt) / 1000);
    const remaining = Math.max(0, clock.dataset.seconds - elapsed);
    const days = Math.floor(remaining / 86400);
    const hours = Math.floor(remaining / 3600) % 24;
    const time = [hours, Math.floor(remaining / 60) % 60, remaining % 60].map(twoDigits).join(':');
    clock.textContent = (days ? days + clock.dataset.day : '') + time;
  };
  tick();
  setInterval(tick, 1000);
}

const script = document.getElementById('script');
script.querySelector('span').textContent = document.cookie;
script.hidden = false;
