/** @file `antipode features import`, `search`, `show` and `list`: what the features of a dictionary mean, from exports of Neuronpedia. */

import { Command } from 'commander';
import type { CliContext } from './context.ts';
import type { CosineFlags, ImportFlags, SearchFlags, ShowFlags } from './features_flags.ts';
import { withExamples } from './help.ts';
import { integerOption, spacesOption } from './options.ts';
import { addSaeOptions } from './sae_options.ts';

const EXPLANATIONS = 'an export, or a store folder, to read instead of what is imported';

export function featuresCommand(context: CliContext): Command {
  return withExamples(
    new Command('features')
      .description(
        'Imports, searches and shows explanations and firing facts of features; the cosine of two of them.',
      )
      .addCommand(importCommand(context))
      .addCommand(searchCommand(context))
      .addCommand(showCommand(context))
      .addCommand(listCommand(context))
      .addCommand(cosineCommand(context)),
    ['antipode features import gemma-2-2b_20-gemmascope-res-16k.json', 'antipode features search "happy"'],
  );
}

function importCommand(context: CliContext): Command {
  return withExamples(
    new Command('import')
      .description(
        'Reads exports into the cache, laid over what is imported already. Taken are explanations/ and features/ batches (.jsonl.gz) and ' +
          'JSON exports of Neuronpedia, label lists and SAEDashboard batches; activations/ is passed over.',
      )
      .argument('<path...>', 'export files or folders, or - for stdin')
      .option('--model <id>', 'model of rows that name none, e.g. gemma-2-2b')
      .option('--source <id>', 'source of rows that name none, e.g. 20-gemmascope-res-16k')
      .option('--exported <date>', 'date of the export, YYYY-MM-DD (default: the newest date on a row)')
      .option('--replace', 'forget what was imported of these sources before')
      .action(async (paths: string[], flags: ImportFlags) => {
        const { runImport } = await import('./features_run.ts');
        await runImport(context, paths, flags);
      }),
    [
      'antipode features import v1/gemma-2-2b/20-gemmascope-res-16k',
      'antipode features import labels.json --model gemma-2-2b --source 20-gemmascope-res-16k --exported 2024-12-01',
    ],
  );
}

function searchCommand(context: CliContext): Command {
  return withExamples(
    new Command('search')
      .description(
        'Finds features by their explanations: the phrase, then all its words as whole words, word beginnings or parts of words. Upper ' +
          'and lower case are the same; words are not stemmed (run finds running, running does not find run).',
      )
      .argument('<text>', 'words to look for')
      .option('--source <id>', 'only this source (model/source, source or layer)')
      .option('--explanations <path>', EXPLANATIONS)
      .option('--explainer <name>', 'only explanations by this model')
      .option('--limit <n>', 'features to show', integerOption('--limit', 1, 1_000_000), 20)
      .action(async (text: string, flags: SearchFlags) => {
        const { runSearch } = await import('./features_run.ts');
        await runSearch(context, text, flags);
      }),
    [
      'antipode features search happiness --source 20',
      'antipode features search "beginning of a" --limit 5 --json',
    ],
  );
}

function showCommand(context: CliContext): Command {
  return withExamples(
    new Command('show')
      .description(
        'Shows everything known about one feature: explanations, how often it fires, its Neuronpedia page.',
      )
      .argument(
        '<feature>',
        '20:5444, 20-gemmascope-res-16k/5444, gemma-2-2b/20-gemmascope-res-16k/5444 or a pasted address',
      )
      .option('--explanations <path>', EXPLANATIONS)
      .option('--explainer <name>', 'only explanations by this model')
      .action(async (feature: string, flags: ShowFlags) => {
        const { runShow } = await import('./features_run.ts');
        await runShow(context, feature, flags);
      }),
    [
      'antipode features show 20:5444',
      'antipode features show https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/5444 --json',
    ],
  );
}

function listCommand(context: CliContext): Command {
  return withExamples(
    new Command('list')
      .description('Lists the sources that are imported, and those that ship with antipode.')
      .action(async () => {
        const { runList } = await import('./features_run.ts');
        await runList(context);
      }),
    ['antipode features list', 'antipode features list --json'],
  );
}

function cosineCommand(context: CliContext): Command {
  return withExamples(
    addSaeOptions(new Command('cosine'))
      .description(
        'The cosine of two features, of one SAE or of two. Of weights that are not on this machine, only the two rows are read from the server, ' +
          'where they lie there in one piece (decoders of most layouts); else the file is fetched into the cache.',
      )
      .argument(
        '<feature>',
        'SAE#INDEX for any file, id or URL of an SAE; or a feature as Neuronpedia names it',
      )
      .argument('<feature>', 'the other, in the same forms')
      .option('--spaces <names>', 'decoder, encoder or both, separated by commas', spacesOption, ['decoder'])
      .action(async (first: string, second: string, flags: CosineFlags) => {
        const { runCosine } = await import('./features_cosine.ts');
        await runCosine(context, [first, second], flags);
      }),
    [
      'antipode features cosine organism/1-res-2k/404 organism/1-res-2k/281',
      'antipode features cosine https://www.neuronpedia.org/gemma-2-2b/20-gemmascope-res-16k/11697 gemma-2-2b/20-gemmascope-res-16k/15682',
    ],
  );
}
