// Validates an AsyncAPI document: node asyncapi.mjs FILE
import { readFileSync } from 'node:fs';
import { Parser } from '@asyncapi/parser';

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], 'utf8'));
// 0 is an error and 1 a warning; what is left are hints, such as that a newer version of AsyncAPI is out.
const faults = diagnostics.filter((it) => it.severity <= 1);
for (const it of diagnostics) console.log(`${it.code}: ${it.message} (${it.path.join('.')})`);
const messages = document?.messages().all().length ?? 0;
console.log(`AsyncAPI ${document?.version()}: ${messages} messages, ${faults.length} faults`);
process.exit(document === undefined || messages === 0 || faults.length > 0 ? 1 : 0);
