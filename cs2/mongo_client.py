"""The one module that knows motor (docs/adr/0002-motor-kept.md): the way out is this one import."""

from motor.motor_asyncio import AsyncIOMotorClient as MongoClient

__all__ = ["MongoClient"]
