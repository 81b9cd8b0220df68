/** `npm run schema`. */
import { writeSchema } from './json-schema.ts';

writeSchema();
