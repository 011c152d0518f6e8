// How coarsely a film is drawn while it moves, so that it keeps up with the hand on any machine; at rest it is always drawn in full. Pure.
export const SLOW_MS = 30;
export const QUICK_MS = 20;
const COARSEST = 4;
const SLOW_IN_A_ROW = 2;

export class Pace {
  coarse = 1; // screen pixels, along each side, that share one sample
  private before = 0;
  private slow = 0;
  private frames = 0;
  private spent = 0;

  // A frame of a movement begins at this moment.
  frame(now: number): void {
    const took = now - this.before;
    const first = this.before === 0;
    this.before = now;
    if (first) return;
    this.frames += 1;
    this.spent += took;
    this.slow = took > SLOW_MS ? this.slow + 1 : 0;
    if (this.slow < SLOW_IN_A_ROW) return;
    this.coarse = Math.min(COARSEST, this.coarse + 1);
    this.slow = 0;
  }

  // The movement ended. After a quick one the next begins one finer.
  rest(): void {
    if (this.frames > 4 && this.spent / this.frames < QUICK_MS) this.coarse = Math.max(1, this.coarse - 1);
    [this.before, this.slow, this.frames, this.spent] = [0, 0, 0, 0];
  }
}
