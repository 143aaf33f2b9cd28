"""A client of the model server: pictures in, predictions of the contract out.

>>> from osteon.client import ModelServer
>>> with ModelServer("http://127.0.0.1:8010", token) as server:  # doctest: +SKIP
...     for prediction in server.predict(["hand.dcm"], task="bone-age"):
...         print(prediction.value, prediction.unit, prediction.reason)
"""

from osteon.client.answers import Embeddings, InProduction
from osteon.client.server import ModelServer

__all__ = ["Embeddings", "InProduction", "ModelServer"]
