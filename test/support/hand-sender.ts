/** A sender whose answers the test gives. */
import type { Request } from '../../src/delivery/attempt.ts';
import type { Answer } from '../../src/delivery/outcome.ts';
import { settle } from './fake-clock.ts';

export class HandSender {
  readonly requests: Request[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];

  send(request: Request): Promise<Answer> {
    this.requests.push(request);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async answerNewest(answer: Answer): Promise<void> {
    this.#waiting.pop()?.(answer);
    await settle();
  }

  async answer(answer: Answer, count = 1): Promise<void> {
    for (const resolve of this.#waiting.splice(0, count)) resolve(answer);
    await settle();
  }
}
