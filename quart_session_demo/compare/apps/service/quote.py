"""What the service returns, about 1 KB of JSON."""

QUOTE = {
    'author': 'zhiliao',
    'lines': [f'{number}: HTTP is stateless, and a session remembers.' for number in range(10, 30)],
}
