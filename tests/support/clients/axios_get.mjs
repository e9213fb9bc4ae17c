import axios from "axios";

const response = await axios.get(process.argv[2]);
console.log(response.status, JSON.stringify(response.data));
