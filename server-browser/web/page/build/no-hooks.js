/** Stands in for `preact/hooks`, a tenth of the script that the first row waits for. */
const missing = () => {
  throw new Error('the page is built without hooks');
};

export {
  missing as useCallback,
  missing as useContext,
  missing as useEffect,
  missing as useLayoutEffect,
  missing as useMemo,
  missing as useReducer,
  missing as useRef,
  missing as useState,
};
