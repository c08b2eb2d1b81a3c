"""The only module that imports motor: replacing it changes this import (docs/adr/0002-motor-kept.md)."""

from motor.motor_asyncio import AsyncIOMotorClient as MongoClient

__all__ = ["MongoClient"]
