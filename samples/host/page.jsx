import Form from '@rjsf/core';
import validator from '@rjsf/validator-ajv8';
import { useState } from 'react';
import { createRoot } from 'react-dom/client';

const { schema, groups, order, manifest } = await (await fetch('/form')).json();
const options = manifest.connection.properties;
const areas = order.filter((key) => options[key].multiline).map((key) => [key, { 'ui:widget': 'textarea' }]);
const submit = { 'ui:submitButtonOptions': { submitText: 'Test connection' } };
const uiSchema = { 'ui:order': order, ...submit, ...Object.fromEntries(areas) };

function Groups({ properties, errorSchema = {}, fieldPathId }) {
  if (fieldPathId.path.length > 0) return properties.map(({ content }) => content);
  return groups.map(({ id, title, collapsed }) => {
    const fields = properties.filter(({ name }) => options[name].group === id);
    const isOpen = !collapsed || fields.some(({ name }) => errorSchema[name]);
    return <details key={id} open={isOpen}><summary>{title}</summary>{fields.map(({ content }) => content)}</details>;
  });
}

// The manifest's words for a pattern instead of the pattern itself.
const explain = (errors) => errors.filter(({ name }) => name !== 'if').map((error) => {
  const { patternMessage, items } = options[/\w+/.exec(error.property ?? '')?.[0]] ?? {};
  const words = { required: 'is needed', pattern: patternMessage ?? items?.patternMessage };
  return { ...error, message: words[error.name] ?? error.message };
});

function Page() {
  const [values, setValues] = useState({});
  const [object, setObject] = useState('');
  const [answer, setAnswer] = useState({});
  const [isTried, setTried] = useState(false);
  async function ask(action, file = '') {
    setAnswer({ isBusy: true });
    const body = new FormData();
    for (const [name, value] of Object.entries({ values: JSON.stringify(values), object, file })) body.append(name, value);
    setAnswer({ action, ...(await (await fetch(action, { method: 'POST', body })).json()) });
  }
  const issues = answer.error?.issues?.map(({ path, message }) => [path.split(/[.[]/)[0], { __errors: [message] }]);
  return <>
    <h1>New connection: {manifest.displayName}</h1>
    <Form schema={schema} uiSchema={uiSchema} validator={validator} formData={values}
      templates={{ ObjectFieldTemplate: Groups }} transformErrors={explain} extraErrors={Object.fromEntries(issues ?? [])}
      liveValidate={isTried ? 'onChange' : false} onError={() => setTried(true)} showErrorList={false} noHtml5Validate
      onChange={({ formData }) => setValues(formData)} onSubmit={() => ask('/check')} />
    <section>
      <input id="object" placeholder="schema.table" onChange={({ target }) => setObject(target.value)} />
      <button type="button" onClick={() => ask('/preview')}>Preview</button>
      <label className="button">Load a file
        <input id="file" type="file" onChange={({ target }) => ask('/load', target.files[0])} /></label>
    </section>
    <output><Answer {...answer} /></output>
  </>;
}

const describe = ({ message, action, diagnosis }) => [message, ...(diagnosis?.candidates ?? [{ command: action }]).flatMap(({ reason, command }) => [reason, command])].join('\n');
function Answer({ isBusy, action, result, error }) {
  if (isBusy) return 'Working ...';
  if (error) return <p className="fail">{describe(error)}</p>;
  if (action === '/load') return <p className="pass">{result.rows.loaded} of {result.rows.read} rows loaded</p>;
  if (action === '/preview') return <Table {...result} />;
  return result?.steps.map(({ id, title, verdict, evidence, because, error: problem }) => <p key={id} className={verdict}>
    {title}<small>{[evidence, because, problem && describe(problem)].filter(Boolean).join(' ')}</small></p>);
}

function Table({ names, columns, rowCount }) {
  const row = (index) => columns.map((column, at) => <td key={names[at]}>{String(column[index] ?? '∅')}</td>);
  const head = names.map((name) => <th key={name}>{name}</th>);
  return <table><thead><tr>{head}</tr></thead><tbody>
    {Array.from({ length: rowCount }, (_, index) => <tr key={String(index)}>{row(index)}</tr>)}</tbody></table>;
}
createRoot(document.querySelector('main')).render(<Page />);
