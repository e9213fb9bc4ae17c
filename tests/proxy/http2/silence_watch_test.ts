/** When a silent server is asked, and when it counts as dead: by a clock and beats of the test's own. */
import assert from "node:assert/strict";
import { SilenceWatch } from "../../../proxy/http2/silence_watch.ts";

const TIMING = { silentMs: 30_000, pingMs: 20_000, quietMs: 330_000 };
/** One beat, as it follows from the above. */
const BEAT_MS = 5_000;

class Stage {
  isWaiting = true;
  written: number | null = null;
  now = 1_000_000;
  pings = 0;
  isDead = false;
  readonly watch = new SilenceWatch(TIMING, {
    isWaiting: () => this.isWaiting,
    written: () => this.written,
    ping: () => this.pings++,
    die: () => {
      this.isDead = true;
    },
  }, () => this.now);

  /** So many beats pass, at each of which `onBeat` happens first. */
  beat(count: number, onBeat: () => void = () => {}): void {
    for (; count > 0 && !this.isDead; count--) {
      this.now += BEAT_MS;
      onBeat();
      this.watch.beat();
    }
  }
}

function onStage(body: (stage: Stage) => void): void {
  const stage = new Stage();
  try {
    body(stage);
  } finally {
    stage.watch.close();
  }
}

Deno.test("a server that is silent for half a minute while calls wait is asked, and dead after twenty seconds more", () => {
  onStage((stage) => {
    stage.beat(5);
    assert.equal(stage.pings, 0);
    stage.beat(1);
    assert.equal(stage.pings, 1);
    stage.beat(3);
    assert.equal(stage.isDead, false);
    stage.beat(1);
    assert.equal(stage.isDead, true);
    assert.equal(stage.pings, 1);
  });
});

Deno.test("a server is not asked while nobody waits for it; the next call asks at once", () => {
  onStage((stage) => {
    stage.isWaiting = false;
    stage.beat(100);
    assert.equal(stage.pings, 0);
    stage.isWaiting = true;
    stage.watch.called();
    assert.equal(stage.pings, 1);
  });
});

Deno.test("a call to a server that was heard a moment ago asks nothing", () => {
  onStage((stage) => {
    stage.watch.called();
    assert.equal(stage.pings, 0);
  });
});

Deno.test("a quiet server that answers lives for a day, and is asked every five and a half minutes", () => {
  onStage((stage) => {
    let answered = 0;
    const day = 24 * 60 * 60 * 1000;
    stage.beat(day / BEAT_MS, () => {
      if (stage.pings > answered) stage.watch.heard();
      answered = stage.pings;
    });
    assert.equal(stage.isDead, false);
    assert.ok(stage.pings <= day / TIMING.quietMs + 1, `${stage.pings} PINGs`);
    assert.ok(stage.pings >= day / TIMING.quietMs - 1, `${stage.pings} PINGs`);
  });
});

Deno.test("as gRPC's servers count, no more than two PINGs come too early, whatever is called", () => {
  onStage((stage) => {
    const asked: number[] = [];
    stage.beat(2 * TIMING.quietMs / BEAT_MS, () => {
      if (stage.pings > asked.length) {
        asked.push(stage.now);
        stage.watch.heard();
      }
      stage.watch.called();
    });
    const early = asked.filter((at, index) => index > 0 && at - asked[index - 1]! < 300_000);
    assert.equal(early.length, 2);
  });
});

Deno.test("behind a piece of an answer a silent server is asked again after half a minute", () => {
  onStage((stage) => {
    for (let count = 1; count <= 10; count++) {
      stage.beat(6);
      assert.equal(stage.pings, count);
      stage.watch.heard();
      stage.watch.heardAnswer();
    }
  });
});

Deno.test("a machine that has slept asks at its next beat, and gives the server all of its time", () => {
  onStage((stage) => {
    stage.beat(1);
    stage.now += 8 * 60 * 60 * 1000;
    stage.beat(1);
    assert.equal(stage.pings, 1);
    // Asleep again, with the answer on its way.
    stage.now += 8 * 60 * 60 * 1000;
    stage.beat(3);
    assert.equal(stage.isDead, false);
    stage.watch.heard();
    stage.beat(1);
    assert.equal(stage.isDead, false);
  });
});

Deno.test("a server that slowly takes what is sent to it is not dead, one that takes nothing is", () => {
  onStage((stage) => {
    stage.written = 0;
    stage.beat(100, () => stage.written!++);
    assert.deepEqual([stage.pings, stage.isDead], [0, false]);
    stage.beat(10);
    assert.equal(stage.isDead, true);
  });
});
