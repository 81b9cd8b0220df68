/** One line of loghook.csv as fields. Lines are parsed one by one, so that a broken quote spoils no other line. */
import { CsvError, parse } from 'csv-parse/sync';

type Fields = { readonly fields: readonly string[] } | { readonly error: string };

/** White space around fields is taken away; `error` says what is wrong and repeats nothing of the line. */
export function splitFields(line: string): Fields {
  try {
    const [fields = []] = parse(line, { trim: true, relax_column_count: true });
    return { fields };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return { error: explain(error) };
  }
}

function explain(error: CsvError): string {
  const code: string = error.code; // INVALID_OPENING_QUOTE is missing from the package's list of codes
  if (code === 'CSV_QUOTE_NOT_CLOSED') return 'a quote (") is opened and never closed';
  if (code === 'INVALID_OPENING_QUOTE') return 'a quote (") stands inside a field without quotes';
  return 'text follows a closing quote (")';
}
