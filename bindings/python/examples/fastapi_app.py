"""A chat room for FastAPI: start it with

    uvicorn fastapi_app:app --ws wsabi.uvicorn:WebSocketProtocol
"""

from __future__ import annotations

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
room: set[WebSocket] = set()


@app.websocket("/room/{name}")
async def chat(websocket: WebSocket, name: str) -> None:
    """Sends what one says to everybody."""
    await websocket.accept()
    room.add(websocket)
    try:
        while True:
            text = await websocket.receive_text()
            for member in list(room):
                await member.send_text(f"{name}: {text}")
    except WebSocketDisconnect:
        room.discard(websocket)
