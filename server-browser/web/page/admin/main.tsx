import { render } from 'preact';
import { Login } from './login.js';
import { isLoggedIn, resume } from './session.js';
import { View } from './view.js';
import { language, loadWords } from './words.js';
import './admin.css';

const App = () => (isLoggedIn.value === undefined ? null : isLoggedIn.value ? <View /> : <Login />);

await Promise.all([
  loadWords(language.value),
  resume().catch(() => {
    isLoggedIn.value = false;
  }),
]);
render(<App />, document.getElementById('app') as HTMLElement);
