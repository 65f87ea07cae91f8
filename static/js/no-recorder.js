/** What stands in for the recorder where nothing is recorded: for who watches, and afterwards. */

class NoRecording extends EventTarget {
  active = false;
  interrupted = false;
  kind = "";
  off = false;
  roles = [];
  stopping = false;
  soundOf = () => null;
  abandon() {}
}

export function setUpNoRecorder() {
  const nothing = () => false;
  return {
    recording: new NoRecording(),
    setup: { exists: false, render() {}, close() {} },
    stop: { ask: nothing },
    turn: nothing,
    toggleMute: nothing,
    lookForSilence() {},
    hintAtEcho() {},
  };
}
