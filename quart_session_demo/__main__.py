"""Run the development server: `python -m quart_session_demo`."""

from quart_session_demo import app

if __name__ == '__main__':
    # Debug mode shows source code to users.
    app.run(debug=not app.config['PRODUCTION'])
