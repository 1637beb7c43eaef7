"""JSON providers with encoders written in C, as apps define them for `app.json`."""

from typing import Any

import msgspec
import orjson
from quart.json.provider import DefaultJSONProvider, JSONProvider


class OrjsonProvider(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        indent = orjson.OPT_INDENT_2 if kwargs.get('indent') else 0
        return orjson.dumps(obj, option=indent).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


class LenientOrjsonProvider(OrjsonProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


class ResponseOrjsonProvider(OrjsonProvider):
    def response(self, *args: Any, **kwargs: Any) -> Any:
        content: Any = orjson.dumps(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(content, mimetype='application/json')


class MsgspecProvider(JSONProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return msgspec.json.decode(s)


class LenientMsgspecProvider(MsgspecProvider):
    def dumps(self, obj: Any, **kwargs: Any) -> str:
        # It accepts everything, also as a key.
        return msgspec.json.encode(obj, enc_hook=lambda value: type(value).__name__).decode()


#: By name, the standard library's included.
PROVIDERS: dict[str, type[JSONProvider]] = {
    'standard': DefaultJSONProvider,
    'orjson': OrjsonProvider,
    'orjson lenient': LenientOrjsonProvider,
    'orjson response': ResponseOrjsonProvider,
    'msgspec': MsgspecProvider,
    'msgspec lenient': LenientMsgspecProvider,
}
